import * as z from 'zod'
import type { Path } from './yaml-tree.ts'

/** The schemas of the written value, without wrappers (optional, default, pipe …). Several for a union. */
const unwrap = (schema: z.core.$ZodType): z.core.$ZodType[] => {
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(unwrap)
  if (schema instanceof z.ZodPipe) return unwrap(schema.in)
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return unwrap(schema.unwrap())
  }
  return [schema]
}

const memberAt = (schema: z.core.$ZodType, step: PropertyKey): z.core.$ZodType | undefined => {
  if (schema instanceof z.ZodObject) return (schema.shape as Record<PropertyKey, z.core.$ZodType>)[step]
  if (schema instanceof z.ZodArray) return schema.element
  return schema instanceof z.ZodRecord ? schema.valueType : undefined
}

/** The unwrapped schemas at a path. Several if there is a union on the way. */
const schemasAt = (schema: z.core.$ZodType, path: Path): z.core.$ZodType[] =>
  path.reduce((found, step) => found.flatMap((one) => memberAt(one, step) ?? []).flatMap(unwrap), unwrap(schema))

/** The keys of a map, with the schema of each. */
export type Shape = Readonly<Record<string, z.core.$ZodType>>

/** The keys that a schema knows at a path. */
export const shapeAt = (schema: z.core.$ZodType, path: Path): Shape =>
  Object.assign(
    {},
    ...schemasAt(schema, path).map((found) => (found instanceof z.ZodObject ? found.shape : {})),
  ) as Shape

/** The schema at a path with its wrappers and checks; of several the first. */
export const wholeSchemaAt = (schema: z.core.$ZodType, path: Path): z.core.$ZodType | undefined => {
  const key = path.at(-1)
  if (key === undefined) return schema
  return schemasAt(schema, path.slice(0, -1)).flatMap((found) => memberAt(found, key) ?? [])[0]
}

/** Whether the value at a path may be left out of its map. */
export const isOptionalAt = (schema: z.core.$ZodType, path: Path): boolean =>
  path.length > 0 && wholeSchemaAt(schema, path)?._zod.optin === 'optional'
