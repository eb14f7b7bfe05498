import type * as z from 'zod'
import { issueText, isTypeOfRoot } from './issue-text.ts'
import { nearest } from './nearest.ts'
import { isOptionalAt, type Shape, shapeAt, wholeSchemaAt } from './schema-walk.ts'
import type { YamlFile } from './yaml-file.ts'
import type { Path } from './yaml-tree.ts'

type Issue = z.core.$ZodIssue

/** Replaces the issue of a union by the issues of its branch of the written type, if only one branch has that type. */
const flatten = (issue: Issue): Issue[] => {
  if (issue.code !== 'invalid_union') return [issue]
  const branches = issue.errors.filter((branch) => !branch.some(isTypeOfRoot))
  const [only] = branches
  if (only === undefined || branches.length > 1) return [issue]
  return only.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }) as Issue).flatMap(flatten)
}

/** Fewer letters end too many words. */
const SHORTEST_END = 4

/** The only key that ends as the written one or is its end, such as `idpGroups` for `groups`. */
const keyWithEnd = (written: string, known: readonly string[]): string | undefined => {
  const plain = (key: string) => key.toLowerCase().replaceAll(/[-_]/g, '')
  const wanted = plain(written)
  const [found, ...more] = known.filter((key) => {
    const [shorter, longer] = [wanted, plain(key)].sort((one, other) => one.length - other.length)
    return shorter !== undefined && shorter.length >= SHORTEST_END && longer?.endsWith(shorter)
  })
  return more.length === 0 ? found : undefined
}

/** The keys of a map whose own maps have the key. */
const keysAbove = (key: string, shape: Shape): readonly string[] =>
  Object.keys(shape).filter((above) => shape[above] !== undefined && Object.hasOwn(shapeAt(shape[above], []), key))

/** What an unknown key probably means: another key of its map, or a key of a map in it. */
const meaningOf = (key: string, shape: Shape): { readonly meant?: string; readonly hint: string } => {
  const known = Object.keys(shape)
  const meant = nearest(key, known) ?? keyWithEnd(key, known)
  if (meant !== undefined) return { meant, hint: `; did you mean "${meant}"?` }
  const above = keysAbove(key, shape).map((one) => `"${one}"`)
  return { hint: above.length === 0 ? '' : `: write it under ${above.join(' or ')}` }
}

/** Reports an unknown key of the map at `path`. The key that was probably meant is then not reported as missing. */
export const reportUnknownKey = (
  file: YamlFile,
  path: Path,
  map: object,
  key: string,
  shape: Shape,
  otherHint = '',
): void => {
  const at = [...path, key]
  const suppressMissing = (meant: string | undefined) => {
    if (meant !== undefined && !Object.hasOwn(map, meant)) file.suppress([...path, meant])
  }
  if (Object.hasOwn(shape, 'pattern') && /^(?:user|cn|group)$/.test(key)) {
    const pattern = `"${key}:${file.written(at) ?? 'NAME'}"`
    file.problem(at, `"${key}" with a space after the colon is a key, not a pattern: write ${pattern}, in quotes`, {
      at: 'key',
    })
    suppressMissing('pattern')
  } else if (Object.hasOwn(shape, 'hours') && /^(?:from|to|until|start|end)$/.test(key)) {
    file.problem(at, `unknown key "${key}": write both times as hours: "08:00-18:00"`, { at: 'key' })
    suppressMissing('hours')
  } else {
    const { meant, hint } = meaningOf(key, shape)
    file.problem(at, `unknown key "${key}"${hint || otherHint}`, { at: 'key' })
    suppressMissing(meant)
  }
}

/**
 * Reads the value at `path` by a schema and reports every mistake in it. If the invalid parts can be left out, the rest
 * is returned, so that it can be checked further. `file.isFlawed` tells whether a part was invalid.
 */
export const readValue = <Schema extends z.ZodType>(
  file: YamlFile,
  schema: Schema,
  path: Path,
  value: unknown,
): z.output<Schema> | undefined => {
  let rest = value
  // Each round leaves out at least one part. A value that is still invalid after a few rounds is given up.
  for (let round = 0; round < 5; round++) {
    const read = schema.safeParse(rest, { reportInput: true })
    if (read.success) return read.data
    const issues = read.error.issues.flatMap(flatten)
    if (round === 0) reportIssues(file, schema, path, issues)
    rest = withoutInvalidParts(file, schema, path, rest, issues)
    if (rest === undefined) return undefined
  }
  return undefined
}

const reportIssues = (file: YamlFile, schema: z.ZodType, path: Path, issues: readonly Issue[]): void => {
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys') continue
    const shape = shapeAt(schema, issue.path)
    const map = typeof issue.input === 'object' && issue.input !== null ? issue.input : {}
    for (const key of issue.keys) reportUnknownKey(file, [...path, ...issue.path], map, key, shape)
  }
  for (const issue of issues) {
    if (issue.code === 'unrecognized_keys') continue
    const at = [...path, ...issue.path]
    const message = issueText({ ...issue, path: at }, file.written(at), wholeSchemaAt(schema, issue.path))
    file.problem(at, message, { at: issue.code === 'invalid_key' ? 'key' : 'value' })
  }
}

/** The value without the parts that have issues; undefined if they cannot be left out. */
const withoutInvalidParts = (
  file: YamlFile,
  schema: z.ZodType,
  path: Path,
  value: unknown,
  issues: readonly Issue[],
): unknown => {
  const copy: unknown = structuredClone(value)
  const invalidEntries = new Map<string, Path[]>()

  const leaveOut = (at: Path): boolean => {
    for (let length = at.length; length > 0; length--) {
      const part = at.slice(0, length)
      if (typeof part.at(-1) === 'number') {
        const list = JSON.stringify(part.slice(0, -1))
        if (invalidEntries.get(list)?.push(part) === undefined) invalidEntries.set(list, [part])
        return true
      }
      if (isOptionalAt(schema, part)) return remove(copy, part)
    }
    return false
  }

  for (const issue of issues) {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) remove(copy, [...issue.path, key])
      continue
    }
    const written = file.written([...path, ...issue.path])
    if (written !== undefined && typeof issue.input !== 'string' && expectsText(issue)) put(copy, issue.path, written)
    else if (!leaveOut(issue.path)) return undefined
  }
  for (const entries of invalidEntries.values()) {
    for (const at of entries) file.suppress([...path, ...at])
    if (!replaceEntries(copy, entries) && !leaveOut(entries[0]?.slice(0, -1) ?? [])) return undefined
  }
  return copy
}

const expectsText = (issue: Issue): boolean =>
  issue.code === 'invalid_union'
    ? issue.errors.flat().some((inner) => isTypeOfRoot(inner) && expectsText(inner))
    : issue.code === 'invalid_type' && issue.expected === 'string'

/**
 * Replaces invalid entries of a list by a valid one. Removing them would change the indexes of the entries behind them.
 */
const replaceEntries = (value: unknown, entries: readonly Path[]): boolean => {
  const list = containerOf(value, entries[0] ?? [])
  if (!Array.isArray(list)) return false
  const invalid = new Set(entries.map((at) => at.at(-1)))
  const valid = list.findIndex((_, index) => !invalid.has(index))
  if (valid < 0) return false
  for (const at of entries) put(value, at, list[valid])
  return true
}

const containerOf = (value: unknown, path: Path): Record<PropertyKey, unknown> | undefined => {
  let container = value
  for (const step of path.slice(0, -1)) {
    if (typeof container !== 'object' || container === null) return undefined
    container = (container as Record<PropertyKey, unknown>)[step]
  }
  return typeof container === 'object' && container !== null ? (container as Record<PropertyKey, unknown>) : undefined
}

const remove = (value: unknown, path: Path): boolean => {
  const container = containerOf(value, path)
  const key = path.at(-1)
  if (container === undefined || key === undefined) return false
  delete container[key]
  return true
}

const put = (value: unknown, path: Path, replacement: unknown): void => {
  const container = containerOf(value, path)
  const key = path.at(-1)
  if (container !== undefined && key !== undefined) container[key] = replacement
}
