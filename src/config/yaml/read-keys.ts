import type * as z from 'zod'
import { readValue, reportUnknownKey } from './read-value.ts'
import type { YamlFile } from './yaml-file.ts'
import type { Path } from './yaml-tree.ts'

type Keys = Readonly<Record<string, z.ZodType>>
type Output<Shape extends Keys> = { readonly [Key in keyof Shape]: z.output<Shape[Key]> | undefined }

/**
 * Reads a map key by key, so that an invalid key does not hide problems in the others. `expected` says what to write as
 * the map, and `hintFor` what an unknown key without a similar one probably means.
 */
export const readKeys = <Shape extends Keys>(
  file: YamlFile,
  shape: Shape,
  path: Path,
  value: unknown,
  expected: string,
  hintFor: (key: string) => string = () => '',
): Output<Shape> => {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isMap)
    file.problem(
      path,
      value === null ? `the file is empty: ${expected}` : `expected a map of keys and values: ${expected}`,
    )
  const map = isMap ? (value as Record<string, unknown>) : {}
  for (const key of Object.keys(map)) {
    if (!Object.hasOwn(shape, key)) reportUnknownKey(file, path, map, key, shape, hintFor(key))
  }
  const read = ([key, schema]: [string, z.ZodType]) => [
    key,
    isMap ? readValue(file, schema, [...path, key], map[key]) : undefined,
  ]
  return Object.fromEntries(Object.entries(shape).map(read)) as Output<Shape>
}
