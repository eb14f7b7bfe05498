/** The part of JSON Schema that the generated schemas use. */
export interface JsonSchema {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | JsonSchema
  readonly propertyNames?: JsonSchema
  readonly minProperties?: number
  readonly items?: JsonSchema
  readonly minItems?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly default?: unknown
  readonly description?: string
}

const ANNOTATIONS = new Set(['$schema', 'title', 'description', 'default', 'examples'])

const typeOf = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value)

type Check = (value: unknown, schema: JsonSchema) => boolean | undefined

const isMap = (value: unknown): value is Record<string, unknown> => typeOf(value) === 'object'
const every = (values: readonly unknown[], schema: JsonSchema | undefined) =>
  schema === undefined || values.every((value) => schemaFaults(schema, value).length === 0)
const passing = (value: unknown, schemas: readonly JsonSchema[] = []) =>
  schemas.filter((schema) => schemaFaults(schema, value).length === 0).length

/** One check per keyword. It is true for values to which the keyword does not apply. */
const KEYWORDS: Readonly<Record<string, Check>> = {
  type: (value, { type }) => typeOf(value) === type || (type === 'integer' && Number.isInteger(value)),
  const: (value, schema) => value === schema.const,
  enum: (value, schema) => schema.enum?.includes(value),
  required: (value, { required }) => !isMap(value) || required?.every((key) => Object.hasOwn(value, key)),
  minProperties: (value, { minProperties = 0 }) => !isMap(value) || Object.keys(value).length >= minProperties,
  propertyNames: (value, { propertyNames }) => !isMap(value) || every(Object.keys(value), propertyNames),
  properties: (value, { properties = {} }) =>
    !isMap(value) ||
    Object.keys(properties).every((key) => !Object.hasOwn(value, key) || every([value[key]], properties[key])),
  additionalProperties: (value, { properties = {}, additionalProperties }) => {
    if (!isMap(value)) return true
    const rest = Object.keys(value).filter((key) => !Object.hasOwn(properties, key))
    if (typeof additionalProperties === 'object')
      return every(
        rest.map((key) => value[key]),
        additionalProperties,
      )
    return additionalProperties !== false || rest.length === 0
  },
  items: (value, { items }) => !Array.isArray(value) || every(value, items),
  minItems: (value, { minItems = 0 }) => !Array.isArray(value) || value.length >= minItems,
  minLength: (value, { minLength = 0 }) => typeof value !== 'string' || value.length >= minLength,
  maxLength: (value, { maxLength = 0 }) => typeof value !== 'string' || Array.from(value).length <= maxLength,
  pattern: (value, { pattern = '' }) => typeof value !== 'string' || new RegExp(pattern, 'u').test(value),
  minimum: (value, { minimum = 0 }) => typeof value !== 'number' || value >= minimum,
  maximum: (value, { maximum = 0 }) => typeof value !== 'number' || value <= maximum,
  exclusiveMinimum: (value, { exclusiveMinimum = 0 }) => typeof value !== 'number' || value > exclusiveMinimum,
  anyOf: (value, { anyOf }) => passing(value, anyOf) > 0,
  oneOf: (value, { oneOf }) => passing(value, oneOf) === 1,
}

/** The keywords of a schema that a value violates. Throws on a keyword without a check here, which would otherwise be ignored. */
export const schemaFaults = (schema: JsonSchema, value: unknown): string[] =>
  Object.keys(schema).filter((keyword) => {
    if (ANNOTATIONS.has(keyword)) return false
    const check = KEYWORDS[keyword]
    if (check === undefined) throw new Error(`unknown keyword ${keyword}`)
    return check(value, schema) !== true
  })
