import type { TFExpressionSyntaxTree } from '@cdktn/hcl2json'
import hcl from '@cdktn/hcl2json'
import type { Json } from './modules.ts'

/** The functions of Terraform that the modules call. `try` and `can` are not among them: they see failures. */
export type Functions = Readonly<Record<string, (...values: never[]) => unknown>>

/** What an expression can name, and the functions that it can call. */
export interface Scope {
  /** The value of the first name of a reference, such as `var`. Throws if there is none. */
  readonly root: (name: string) => Promise<unknown>
  /** The value of an attribute, of an element or of what else a reference names. Throws if there is none. */
  readonly step: (value: unknown, name: string) => Promise<unknown>
  readonly functions: Functions
}

type Ast = NonNullable<Awaited<ReturnType<typeof hcl.getExpressionAst>>>
type Meta<Type extends keyof typeof META> = (typeof META)[Type]

/** The metadata of the nodes by type: the package's own types do not tell them apart. */
const META = {} as {
  readonly scopeTraversal: TFExpressionSyntaxTree.ScopeTraversalExpressionMeta
  readonly relativeTraversal: TFExpressionSyntaxTree.RelativeTraversalExpressionMeta
  readonly literalValue: TFExpressionSyntaxTree.LiteralValueExpressionMeta
  readonly function: TFExpressionSyntaxTree.FunctionCallMeta
  readonly for: TFExpressionSyntaxTree.ForExpressionMeta
  readonly binaryOp: TFExpressionSyntaxTree.BinaryOpExpressionMeta
  readonly unaryOp: TFExpressionSyntaxTree.UnaryOpExpressionMeta
}

const metaOf = <Type extends keyof typeof META>(node: Ast, _type: Type) => node.meta as Meta<Type>

const BINARY: Readonly<Record<string, (left: never, right: never) => unknown>> = {
  equal: (left, right) => left === right,
  notEqual: (left, right) => left !== right,
  logicalAnd: (left, right) => left && right,
  logicalOr: (left, right) => left || right,
  greaterThanOrEqual: (left, right) => left >= right,
  lessThanOrEqual: (left, right) => left <= right,
  greaterThan: (left, right) => left > right,
  lessThan: (left, right) => left < right,
}

const parsed = new Map<string, Promise<Ast>>()

/** The syntax tree of an expression. An expression may stand in parentheses, so that it may have several lines. */
const parse = (text: string): Promise<Ast> => {
  const known = parsed.get(text) ?? hcl.getExpressionAst('expression.tf', text).then((ast) => ast as Ast)
  parsed.set(text, known)
  return known
}

/** The scope with more names at its root, such as `each` of a resource or those of a `for`. */
export const withNames = (scope: Scope, names: Readonly<Record<string, unknown>>): Scope => ({
  ...scope,
  root: async (name) => (Object.hasOwn(names, name) ? names[name] : scope.root(name)),
})

const walk = async (scope: Scope, from: unknown, parts: readonly { readonly segment: string }[]): Promise<unknown> => {
  let value = from
  for (const { segment } of parts) value = await scope.step(value, segment.replaceAll('"', ''))
  return value
}

const all = async <Value, Result>(values: readonly Value[], one: (value: Value) => Promise<Result>) => {
  const results: Result[] = []
  for (const value of values) results.push(await one(value))
  return results
}

const evaluateFor = async (node: Ast, text: string, scope: Scope): Promise<unknown> => {
  const { keyVar, valVar, keyExpression, conditionalExpression } = metaOf(node, 'for')
  const [collection, ...rest] = node.children as readonly Ast[]
  const of = (await evaluateNode(collection as Ast, text, scope)) as object
  const results: [unknown, unknown][] = []
  for (const [key, value] of Object.entries(of)) {
    const inner = withNames(scope, { [keyVar]: Array.isArray(of) ? Number(key) : key, [valVar]: value })
    const parts = [...rest]
    const keyNode = keyExpression ? parts.shift() : undefined
    const [valueNode, conditionNode] = parts
    if (conditionalExpression && !(await evaluateNode(conditionNode as Ast, text, inner))) continue
    const name = keyNode === undefined ? key : await evaluateNode(keyNode, text, inner)
    results.push([name, await evaluateNode(valueNode as Ast, text, inner)])
  }
  return keyExpression ? Object.fromEntries(results as [string, unknown][]) : results.map(([, value]) => value)
}

const evaluateObject = async (node: Ast, text: string, scope: Scope): Promise<unknown> => {
  const bytes = Buffer.from(text)
  const children = node.children as readonly Ast[]
  const entries: [string, unknown][] = []
  for (let at = 0; at < children.length; at += 2) {
    const [key, value] = [children[at] as Ast, children[at + 1] as Ast]
    // A bare word is its own name, and has no children.
    const bare = bytes.subarray(key.range.start.byte, key.range.end.byte).toString()
    const name = key.children.length > 0 ? await evaluateNode(key, text, scope) : bare
    entries.push([String(name), await evaluateNode(value, text, scope)])
  }
  return Object.fromEntries(entries)
}

const evaluateCall = async (node: Ast, text: string, scope: Scope): Promise<unknown> => {
  const { name } = metaOf(node, 'function')
  const values = node.children as readonly Ast[]
  const first = () => evaluateNode(values[0] as Ast, text, scope)
  if (name === 'can')
    return first().then(
      () => true,
      () => false,
    )
  if (name === 'try') return first().catch(() => evaluateNode(values[1] as Ast, text, scope))
  const called = scope.functions[name]
  if (called === undefined) throw new Error(`the function ${name} is not known here`)
  return called(...((await all(values, (value) => evaluateNode(value, text, scope))) as never[]))
}

const evaluateNode = async (node: Ast, text: string, scope: Scope): Promise<unknown> => {
  const children = node.children as readonly Ast[]
  const child = (at: number) => evaluateNode(children[at] as Ast, text, scope)
  switch (node.type as string) {
    case '':
    case 'templateWrap':
      return child(0)
    case 'template':
      return (await all(children, (part) => evaluateNode(part, text, scope))).join('')
    case 'tuple':
      return all(children, (part) => evaluateNode(part, text, scope))
    case 'object':
      return evaluateObject(node, text, scope)
    case 'for':
      return evaluateFor(node, text, scope)
    case 'function':
      return evaluateCall(node, text, scope)
    case 'conditional':
      return (await child(0)) ? child(1) : child(2)
    case 'unaryOp':
      return metaOf(node, 'unaryOp').operator === 'logicalNot' ? !(await child(0)) : -Number(await child(0))
    case 'binaryOp': {
      const { operator } = metaOf(node, 'binaryOp')
      const left = await child(0)
      if (operator === 'logicalAnd' && !left) return false
      if (operator === 'logicalOr' && left) return true
      const calculated = BINARY[operator]
      if (calculated === undefined) throw new Error(`the operator ${operator} is not known here`)
      return calculated(left as never, (await child(1)) as never)
    }
    case 'literalValue': {
      const { type, value } = metaOf(node, 'literalValue')
      // The text as it is written, with its escapes.
      return JSON.parse(type === 'string' ? `"${value}"` : value)
    }
    case 'scopeTraversal': {
      const [root, ...parts] = metaOf(node, 'scopeTraversal').traversal
      return walk(scope, await scope.root(root?.segment ?? ''), parts)
    }
    case 'relativeTraversal':
      return walk(scope, await child(0), metaOf(node, 'relativeTraversal').traversal)
    case 'index':
      return scope.step(await child(0), String(await child(1)))
    case 'splat': {
      const source = await child(0)
      const { traversal } = metaOf(children[1] as Ast, 'relativeTraversal')
      return all(Array.isArray(source) ? source : [source], (one) => walk(scope, one, traversal))
    }
    default:
      throw new Error(`expressions of type ${node.type} are not known here`)
  }
}

const evaluateText = async (text: string, scope: Scope): Promise<unknown> =>
  evaluateNode(await parse(text), text, scope)

/** The value of an argument: of an expression, of a text with expressions, or of what holds such. */
export const evaluate = async (value: Json, scope: Scope): Promise<unknown> => {
  if (Array.isArray(value)) return all(value, (one: Json) => evaluate(one, scope))
  if (value !== null && typeof value === 'object') {
    const entries = await all(Object.entries(value), async ([key, one]) => [key, await evaluate(one, scope)] as const)
    return Object.fromEntries(entries)
  }
  if (typeof value !== 'string' || !value.includes('${')) return value
  const whole = /^\$\{(.*)\}$/s.exec(value)?.[1]
  const isWhole =
    whole !== undefined &&
    (await parse(`(${whole})`).then(
      () => true,
      () => false,
    ))
  return evaluateText(isWhole ? `(${whole})` : `"${value}"`, scope)
}
