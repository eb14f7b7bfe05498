import * as z from 'zod'
import type { Path } from './yaml-tree.ts'

/** The schema without its wrappers (optional, default, pipe …): what an operator writes. */
const bare = (schema: z.core.$ZodType): z.core.$ZodType[] => {
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(bare)
  if (schema instanceof z.ZodPipe) return bare(schema.in)
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return bare(schema.unwrap())
  }
  return [schema]
}

const inside = (schema: z.core.$ZodType, step: PropertyKey): z.core.$ZodType | undefined => {
  if (schema instanceof z.ZodObject) return (schema.shape as Record<PropertyKey, z.core.$ZodType>)[step]
  if (schema instanceof z.ZodArray) return schema.element
  return schema instanceof z.ZodRecord ? schema.valueType : undefined
}

/** Everything that a schema allows at a path: several where it leaves a choice. */
const schemasAt = (schema: z.core.$ZodType, path: Path): z.core.$ZodType[] =>
  path.reduce((found, step) => found.flatMap((one) => inside(one, step) ?? []).flatMap(bare), bare(schema))

/** The keys that a schema knows at a path. */
export const keysAt = (schema: z.core.$ZodType, path: Path): string[] =>
  schemasAt(schema, path).flatMap((found) => (found instanceof z.ZodObject ? Object.keys(found.shape) : []))

/** The schema at a path with its wrappers and checks; where there is a choice, the first. */
export const wholeSchemaAt = (schema: z.core.$ZodType, path: Path): z.core.$ZodType | undefined => {
  const key = path.at(-1)
  if (key === undefined) return schema
  return schemasAt(schema, path.slice(0, -1)).flatMap((found) => inside(found, key) ?? [])[0]
}

/** Whether what stands at a path may as well be left out of its map. */
export const isOptionalAt = (schema: z.core.$ZodType, path: Path): boolean =>
  path.length > 0 && wholeSchemaAt(schema, path)?._zod.optin === 'optional'
