import { loadAwsServiceSpecSync } from '@aws-cdk/aws-service-spec'
import { type CollectionTag, isAlias, parseDocument, type ScalarTag, visit, type YAMLMap, type YAMLSeq } from 'yaml'

type Json = Readonly<Record<string, unknown>>

interface Resource {
  readonly Type: string
  readonly Properties?: Json
  readonly Condition?: string
  readonly DependsOn?: readonly string[]
  readonly Metadata?: Json
}

export interface Template {
  readonly Parameters?: Readonly<Record<string, Json>>
  readonly Conditions?: Json
  readonly Resources: Readonly<Record<string, Resource>>
  readonly Outputs?: Json
}

const scalar = (tag: string, value: (text: string) => unknown): ScalarTag => ({ tag, resolve: value })

const sequence = (tag: string, name: string): CollectionTag => ({
  tag,
  collection: 'seq',
  resolve: (items: YAMLSeq | YAMLMap) => ({ [name]: items.toJSON() as unknown }),
})

/** Reads the short forms of CloudFormation's functions as the long ones. */
const TAGS = [
  scalar('!Ref', (name) => ({ Ref: name })),
  scalar('!Sub', (text) => ({ 'Fn::Sub': text })),
  scalar('!GetAtt', (path) => ({ 'Fn::GetAtt': path.split('.') })),
  sequence('!Equals', 'Fn::Equals'),
  sequence('!Not', 'Fn::Not'),
  sequence('!If', 'Fn::If'),
]

/** Parses a template like CloudFormation, which supports neither aliases nor merge keys. */
export const parseTemplate = (text: string): Template => {
  const document = parseDocument(text, { customTags: TAGS, version: '1.1', merge: false })
  const [problem] = [...document.errors, ...document.warnings]
  if (problem !== undefined) throw problem
  visit(document, (_, node) => {
    if (isAlias(node)) throw new Error(`the alias *${node.source}: CloudFormation does not support aliases`)
  })
  return document.toJS() as Template
}

const spec = loadAwsServiceSpecSync()

const resourceType = (name: string) => spec.lookup('resource', 'cloudFormationType', 'equals', name)[0]

type Property = NonNullable<ReturnType<typeof resourceType>>['properties'][string]
type PropertyType = Property['type']

/** Where a template contradicts AWS's published resource types or itself, one line each. */
export const templateProblems = (template: Template): readonly string[] => {
  const { Parameters = {}, Conditions = {}, Resources, Outputs = {} } = template
  const problems: string[] = []

  const isNamed = (name: string) =>
    name.startsWith('AWS::') || Object.hasOwn(Parameters, name) || Object.hasOwn(Resources, name)

  const hasAttribute = (resource: Resource, attribute: string) =>
    Object.hasOwn(resourceType(resource.Type)?.attributes ?? {}, attribute)

  /** The names of the parameters and resources that a value refers to. */
  const referencesIn = (value: unknown, path: string): string[] => {
    if (typeof value !== 'object' || value === null) return []
    const [[name, argument] = ['', undefined], second] = Object.entries(value)
    if (second === undefined && name === 'Ref') return [String(argument)]
    if (second === undefined && name === 'Fn::Sub')
      return [...String(argument).matchAll(/\$\{([^}]+)\}/g)].map(([, named = '']) => named)
    if (second === undefined && name === 'Fn::GetAtt') {
      const [resource = '', attribute = ''] = argument as readonly string[]
      const target = Resources[resource]
      if (target !== undefined && !hasAttribute(target, attribute))
        problems.push(`${path}: ${target.Type} has no attribute ${attribute}`)
      return [resource]
    }
    if (second === undefined && name === 'Fn::If') {
      const [condition] = argument as readonly string[]
      if (!Object.hasOwn(Conditions, condition ?? '')) problems.push(`${path}: no condition ${condition}`)
    }
    return Object.entries(value).flatMap(([key, inner]) => referencesIn(inner, `${path}.${key}`))
  }

  const check = (value: unknown, type: PropertyType, path: string): string[] => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      const [[name, argument] = ['', undefined], second] = Object.entries(value)
      if (second === undefined && name === 'Fn::If')
        return (argument as readonly unknown[]).slice(1).flatMap((branch) => check(branch, type, path))
      if (second === undefined && (name === 'Ref' || name.startsWith('Fn::'))) return []
    }
    const expectType = (matches: boolean) => (matches ? [] : [`${path}: ${JSON.stringify(value)} is not ${type.type}`])
    switch (type.type) {
      case 'string': {
        const { allowedValues } = type as { allowedValues?: readonly string[] }
        if (typeof value === 'string' && allowedValues !== undefined && !allowedValues.includes(value))
          return [`${path}: ${value} is none of ${allowedValues.join(', ')}`]
        return expectType(typeof value === 'string')
      }
      case 'date-time':
        return expectType(typeof value === 'string')
      case 'integer':
        return expectType(Number.isInteger(value))
      case 'number':
        return expectType(typeof value === 'number')
      case 'boolean':
        return expectType(typeof value === 'boolean')
      case 'json':
      case 'tag':
      case 'null':
        return expectType(typeof value === 'object')
      case 'array':
        if (!Array.isArray(value)) return expectType(false)
        return value.flatMap((item: unknown, index) => check(item, type.element, `${path}[${index}]`))
      case 'map':
        if (typeof value !== 'object' || value === null) return expectType(false)
        return Object.entries(value).flatMap(([key, item]) => check(item, type.element, `${path}.${key}`))
      case 'ref': {
        if (typeof value !== 'object' || value === null) return expectType(false)
        return checkProperties(value as Json, spec.get('typeDefinition', type.reference.$ref).properties, path)
      }
      case 'union': {
        const attempts = type.types.map((one) => check(value, one, path))
        return attempts.some((attempt) => attempt.length === 0) ? [] : (attempts[0] ?? [])
      }
    }
  }

  const checkProperties = (found: Json, known: Readonly<Record<string, Property>>, path: string): string[] => [
    ...Object.entries(known).flatMap(([name, { required }]) =>
      required === true && !Object.hasOwn(found, name) ? [`${path}: ${name} is missing`] : [],
    ),
    ...Object.entries(found).flatMap(([name, value]) => {
      const property = known[name]
      return property === undefined ? [`${path}: ${name} is not known`] : check(value, property.type, `${path}.${name}`)
    }),
  ]

  const needs = new Map<string, readonly string[]>()
  for (const [name, resource] of Object.entries(Resources)) {
    const type = resourceType(resource.Type)
    if (type === undefined) {
      problems.push(`${name}: no resource type ${resource.Type}`)
      continue
    }
    problems.push(...checkProperties(resource.Properties ?? {}, type.properties, name))
    if (resource.Condition !== undefined && !Object.hasOwn(Conditions, resource.Condition))
      problems.push(`${name}: no condition ${resource.Condition}`)
    needs.set(name, [
      ...referencesIn(resource.Properties, name),
      ...referencesIn(resource.Metadata, name),
      ...(resource.DependsOn ?? []),
    ])
  }
  const named = [
    ...needs,
    ...['Conditions', 'Outputs'].map((part) => [part, referencesIn({ Conditions, Outputs }[part], part)] as const),
  ]
  for (const [place, names] of named) {
    for (const name of names) if (!isNamed(name)) problems.push(`${place}: no parameter or resource is called ${name}`)
  }
  const used = new Set(named.flatMap(([, names]) => names))
  for (const name of Object.keys(Parameters)) if (!used.has(name)) problems.push(`the parameter ${name} is not used`)
  return [...problems, ...cyclesIn(needs)]
}

const isRef = (value: unknown, name: string) =>
  typeof value === 'object' && value !== null && Object.keys(value).join() === 'Ref' && Object.values(value)[0] === name

/** A template as CloudFormation reads it with these parameters: what a condition excludes is gone, and no `Fn::If` is left. */
export const withParameters = (template: Template, given: Readonly<Record<string, string>>): Template => {
  const { Parameters = {}, Conditions = {}, Resources, Outputs = {} } = template
  for (const name of Object.keys(given)) if (!Object.hasOwn(Parameters, name)) throw new Error(`no parameter ${name}`)
  const valueOf = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value
    const [name = ''] = Object.values(value as { Ref: string })
    return given[name] ?? Parameters[name]?.Default
  }
  const holds = (condition: unknown): boolean => {
    const [[name, argument] = []] = Object.entries(condition as Record<string, readonly unknown[]>)
    if (name === 'Fn::Not') return !holds(argument?.[0])
    if (name !== 'Fn::Equals') throw new Error(`the condition ${name} is not supported here`)
    return valueOf(argument?.[0]) === valueOf(argument?.[1])
  }
  const isMet = (name: unknown) => holds(Conditions[String(name)])
  const resolved = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolved).filter((item) => !isRef(item, 'AWS::NoValue'))
    if (typeof value !== 'object' || value === null) return value
    const [[name, argument] = ['', undefined]] = Object.entries(value)
    if (name === 'Fn::If') {
      const [condition, yes, no] = argument as readonly unknown[]
      return resolved(isMet(condition) ? yes : no)
    }
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolved(inner)]))
  }
  const created = (some: Readonly<Record<string, { readonly Condition?: unknown }>>) =>
    resolved(
      Object.fromEntries(
        Object.entries(some).filter(([, { Condition }]) => Condition === undefined || isMet(Condition)),
      ),
    )
  return {
    Parameters,
    Conditions,
    Resources: created(Resources) as Template['Resources'],
    Outputs: created(Outputs as Readonly<Record<string, Json>>) as Json,
  }
}

/** Resources that can never be created, because they depend on each other. */
const cyclesIn = (needs: ReadonlyMap<string, readonly string[]>): string[] => {
  const waiting = new Map(needs)
  for (;;) {
    const free = [...waiting].filter(([, names]) => !names.some((name) => waiting.has(name)))
    if (free.length === 0) break
    for (const [name] of free) waiting.delete(name)
  }
  return [...waiting.keys()].map((name) => `${name} depends on itself`)
}
