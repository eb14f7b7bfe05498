import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { evaluate, type Scope, withNames } from './expressions.ts'
import { FUNCTIONS } from './functions.ts'
import { type Body, type Json, type Module, resourcesOf, terraformModules } from './modules.ts'
import type { ProviderSchema } from './provider-schema.ts'

export const SCHEMA = JSON.parse(readFileSync('test/deploy/terraform/provider-schema.json', 'utf8')) as ProviderSchema

/** One resource as Terraform would plan it. A value that only AWS knows is its address in angle brackets. */
export interface Planned {
  readonly address: string
  readonly type: string
  readonly arguments: Readonly<Record<string, unknown>>
}

export interface Plan {
  readonly resources: readonly Planned[]
  readonly outputs: Readonly<Record<string, unknown>>
}

type Values = Readonly<Record<string, unknown>>

/** What the provider's data sources say. */
export const DATA: Readonly<Record<string, Values>> = {
  aws_caller_identity: { account_id: '999988887777' },
  aws_partition: { partition: 'aws-cn' },
  aws_region: { region: 'cn-north-1' },
}

/** A value that can only be a text, such as the source of a module. */
const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '')

/** Names of the meta-arguments, which are no arguments of the resource. */
const META = new Set(['count', 'for_each', 'lifecycle', 'depends_on', 'provider', 'providers', 'source'])

interface Instance {
  readonly kind: 'instance'
  readonly address: string
  readonly type: string
  readonly body: Body
  readonly scope: Scope
}

const isInstance = (value: unknown): value is Instance =>
  typeof value === 'object' && value !== null && (value as Instance).kind === 'instance'

/** A child module, or everything of one type. */
interface Named {
  readonly kind: 'named'
  readonly of: (name: string) => Promise<unknown>
}

const named = (of: Named['of']): Named => ({ kind: 'named', of })

const step: Scope['step'] = async (value, name) => {
  if (value === null || value === undefined || typeof value !== 'object')
    throw new Error(`${String(value)} has no ${name}`)
  if ((value as Named).kind === 'named') return (value as Named).of(name)
  if (isInstance(value)) {
    if (value.body[name] !== undefined) return evaluate(value.body[name] ?? null, value.scope)
    if (SCHEMA.types[value.type]?.attributes.includes(name)) return `<${value.address}.${name}>`
    throw new Error(`${value.address} has no attribute ${name}`)
  }
  if (!Object.hasOwn(value, name)) throw new Error(`${JSON.stringify(value)} has no ${name}`)
  return (value as Values)[name]
}

/** The arguments of a block, with its nested blocks as lists, and with those that are `dynamic`. */
const argumentsOf = async (body: Body, scope: Scope): Promise<Record<string, unknown>> => {
  const result: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(body)) {
    if (META.has(name) || name === 'dynamic') continue
    result[name] = await evaluate(value, scope)
  }
  for (const [name, blocks] of Object.entries((body.dynamic ?? {}) as Record<string, readonly Body[]>)) {
    const made: unknown[] = [...((result[name] ?? []) as unknown[])]
    for (const { for_each = null, content } of blocks) {
      const items = (await evaluate(for_each, scope)) as object
      for (const [key, value] of Object.entries(items))
        made.push(
          await argumentsOf((content as readonly Body[])[0] ?? {}, withNames(scope, { [name]: { key, value } })),
        )
    }
    if (made.length > 0) result[name] = made
  }
  return result
}

const byFolder = new Map((await terraformModules()).map((module) => [module.folder, module]))

export const moduleAt = (folder: string): Module => {
  const module = byFolder.get(folder)
  if (module === undefined) throw new Error(`${folder} is no module`)
  return module
}

/** The value of each variable: as given, or its default. Attributes that an object may leave out are null. */
const variablesOf = async ({ folder, tree }: Module, given: Values, scope: Scope): Promise<Values> => {
  const unknown = Object.keys(given).filter((name) => tree.variable[name] === undefined)
  if (unknown.length > 0) throw new Error(`${folder} has no variable ${unknown.join(', ')}`)
  const values: Record<string, unknown> = {}
  for (const [name, [variable = {}]] of Object.entries(tree.variable)) {
    if (given[name] === undefined && variable.default === undefined) throw new Error(`${folder} needs ${name}`)
    const value = given[name] === undefined ? variable.default : given[name]
    const optional = [...textOf(variable.type).matchAll(/(\w+)\s*=\s*optional\(/g)].map(([, key = '']) => [key, null])
    values[name] =
      typeof value === 'object' && value !== null && optional.length > 0
        ? { ...Object.fromEntries(optional), ...value }
        : value
  }
  for (const [name, [variable = {}]] of Object.entries(tree.variable))
    for (const { condition = null, error_message } of (variable.validation ?? []) as readonly Body[])
      if (!(await evaluate(condition, withNames(scope, { var: values }))))
        throw new Error(`${name}: ${textOf(error_message)}`)
  return values
}

/** A plan of a module with these variables, of its child modules too. Throws where Terraform would refuse a reference. */
export const planOf = async (module: Module, given: Values, prefix = ''): Promise<Plan> => {
  const { tree, folder } = module
  const nowhere: Scope = {
    root: async (name) => {
      throw new Error(`${folder} has no ${name}`)
    },
    step,
    functions: FUNCTIONS,
  }
  const variables = await variablesOf(module, given, nowhere)
  const locals: Body = Object.assign({}, ...tree.locals)
  const known = new Map<string, Promise<unknown>>()
  const once = <Value>(key: string, make: () => Promise<Value>): Promise<Value> => {
    const value = known.get(key) ?? make()
    known.set(key, value)
    return value as Promise<Value>
  }

  const instancesOf = (type: string, body: Body, at: string) =>
    once(at, async (): Promise<unknown> => {
      const one = (key: string, names: Values): Instance => ({
        kind: 'instance',
        address: `${prefix}${at}${key}`,
        type,
        body,
        scope: withNames(scope, names),
      })
      if (body.count !== undefined)
        return Array.from({ length: Number(await evaluate(body.count, scope)) }, (_, index) =>
          one(`[${index}]`, { count: { index } }),
        )
      if (body.for_each === undefined) return one('', {})
      const items = (await evaluate(body.for_each, scope)) as object
      return Object.fromEntries(
        Object.entries(items).map(([key, value]) => [key, one(`["${key}"]`, { each: { key, value } })]),
      )
    })

  const child = (name: string) =>
    once(`module.${name}`, async () => {
      const [body] = tree.module[name] ?? []
      if (body === undefined) throw new Error(`${folder} has no module ${name}`)
      return planOf(
        moduleAt(join(folder, textOf(body.source))),
        await argumentsOf(body, scope),
        `${prefix}module.${name}.`,
      )
    })

  const outputOf = async (name: string) => {
    const { outputs } = await child(name)
    return named(async (output) => {
      if (!Object.hasOwn(outputs, output)) throw new Error(`module.${name} has no output ${output}`)
      return outputs[output]
    })
  }

  const roots: Values = {
    var: variables,
    local: named((name) =>
      once(`local.${name}`, async () => {
        if (locals[name] === undefined) throw new Error(`${folder} has no local.${name}`)
        return evaluate(locals[name] ?? null, scope)
      }),
    ),
    path: { module: folder },
    module: named(outputOf),
    data: named(async (type) =>
      named(async (name) => {
        if (tree.data[type]?.[name] === undefined) throw new Error(`${folder} has no data.${type}.${name}`)
        return DATA[type]
      }),
    ),
  }
  const scope: Scope = {
    ...nowhere,
    root: async (type) => {
      if (Object.hasOwn(roots, type)) return roots[type]
      return named(async (name) => {
        const [body] = tree.resource[type]?.[name] ?? []
        if (body === undefined) throw new Error(`${folder} has no ${type}.${name}`)
        return instancesOf(type, body, `${type}.${name}`)
      })
    },
  }

  const resources: Planned[] = []
  for (const { data, type, name, body } of resourcesOf(tree)) {
    if (data) continue
    const made = await instancesOf(type, body, `${type}.${name}`)
    for (const instance of isInstance(made) ? [made] : (Object.values(made as object) as Instance[]))
      resources.push({ address: instance.address, type, arguments: await argumentsOf(body, instance.scope) })
    for (const dependency of (body.depends_on ?? []) as readonly Json[]) await evaluate(dependency, scope)
  }
  for (const name of Object.keys(tree.module)) resources.push(...(await child(name)).resources)
  const outputs: Record<string, unknown> = {}
  for (const [name, [output]] of Object.entries(tree.output))
    outputs[name] = await evaluate(output?.value ?? null, scope)
  return { resources, outputs }
}
