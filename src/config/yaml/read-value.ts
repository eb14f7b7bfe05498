import type * as z from 'zod'
import { issueText, isTypeOfRoot } from './issue-text.ts'
import { nearest } from './nearest.ts'
import { isOptionalAt, keysAt, wholeSchemaAt } from './schema-walk.ts'
import type { YamlFile } from './yaml-file.ts'
import type { Path } from './yaml-tree.ts'

type Issue = z.core.$ZodIssue

/** Of a choice, the one branch that is of the written type speaks for all; zod itself reports a heap. */
const flatten = (issue: Issue): Issue[] => {
  if (issue.code !== 'invalid_union') return [issue]
  const branches = issue.errors.filter((branch) => !branch.some(isTypeOfRoot))
  const [only] = branches
  if (only === undefined || branches.length > 1) return [issue]
  return only.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }) as Issue).flatMap(flatten)
}

/** Reports a key that the map at `path` should not have. Of the key that was probably meant, it is then not said that it is missing. */
export const reportUnknownKey = (
  file: YamlFile,
  path: Path,
  map: object,
  key: string,
  known: readonly string[],
): void => {
  const at = [...path, key]
  const instead = (meant: string | undefined) => {
    if (meant !== undefined && !Object.hasOwn(map, meant)) file.spoil([...path, meant])
  }
  if (known.includes('pattern') && /^(?:user|cn|group)$/.test(key)) {
    const pattern = `"${key}:${file.written(at) ?? 'NAME'}"`
    file.problem(at, `"${key}" with a space after the colon is a key, not a pattern: write ${pattern}, in quotes`, {
      at: 'key',
    })
    instead('pattern')
  } else {
    file.problem(at, `unknown key "${key}"`, { at: 'key', known })
    instead(nearest(key, known))
  }
}

/**
 * Reads the value at `path` by a schema and reports all that is wrong with it. Where the wrong parts can be left out, what
 * remains is handed back all the same, so that it can be checked further: use `file.isFlawed` to tell.
 */
export const readValue = <Schema extends z.ZodType>(
  file: YamlFile,
  schema: Schema,
  path: Path,
  value: unknown,
): z.output<Schema> | undefined => {
  let rest = value
  // Each round leaves out at least one part; what is still wrong after a few is hopeless.
  for (let round = 0; round < 5; round++) {
    const read = schema.safeParse(rest, { reportInput: true })
    if (read.success) return read.data
    const issues = read.error.issues.flatMap(flatten)
    if (round === 0) reportIssues(file, schema, path, issues)
    rest = withoutFlaws(file, schema, path, rest, issues)
    if (rest === undefined) return undefined
  }
  return undefined
}

const reportIssues = (file: YamlFile, schema: z.ZodType, path: Path, issues: readonly Issue[]): void => {
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys') continue
    const known = keysAt(schema, issue.path)
    const map = typeof issue.input === 'object' && issue.input !== null ? issue.input : {}
    for (const key of issue.keys) reportUnknownKey(file, [...path, ...issue.path], map, key, known)
  }
  for (const issue of issues) {
    if (issue.code === 'unrecognized_keys') continue
    const at = [...path, ...issue.path]
    const message = issueText({ ...issue, path: at }, file.written(at), wholeSchemaAt(schema, issue.path))
    file.problem(at, message, { at: issue.code === 'invalid_key' ? 'key' : 'value' })
  }
}

/** The value less what the issues complain of; undefined if nothing sensible remains. */
const withoutFlaws = (
  file: YamlFile,
  schema: z.ZodType,
  path: Path,
  value: unknown,
  issues: readonly Issue[],
): unknown => {
  const copy: unknown = structuredClone(value)
  const wrongEntries = new Map<string, Path[]>()

  const leaveOut = (at: Path): boolean => {
    for (let length = at.length; length > 0; length--) {
      const part = at.slice(0, length)
      if (typeof part.at(-1) === 'number') {
        const list = JSON.stringify(part.slice(0, -1))
        if (wrongEntries.get(list)?.push(part) === undefined) wrongEntries.set(list, [part])
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
  for (const entries of wrongEntries.values()) {
    for (const at of entries) file.spoil([...path, ...at])
    if (!standIn(copy, entries) && !leaveOut(entries[0]?.slice(0, -1) ?? [])) return undefined
  }
  return copy
}

const expectsText = (issue: Issue): boolean =>
  issue.code === 'invalid_union'
    ? issue.errors.flat().some((inner) => isTypeOfRoot(inner) && expectsText(inner))
    : issue.code === 'invalid_type' && issue.expected === 'string'

/** A wrong entry is not removed, for that would move those behind it: a sound one stands in for it. */
const standIn = (value: unknown, entries: readonly Path[]): boolean => {
  const list = containerOf(value, entries[0] ?? [])
  if (!Array.isArray(list)) return false
  const wrong = new Set(entries.map((at) => at.at(-1)))
  const sound = list.findIndex((_, index) => !wrong.has(index))
  if (sound < 0) return false
  for (const at of entries) put(value, at, list[sound])
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
