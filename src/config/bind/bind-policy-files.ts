import type { Policy } from '../../domain/policies/policy.ts'
import { POLICY_KINDS } from '../../domain/policies/registry.ts'
import type { ConfigFiles } from '../config-files.ts'
import { listPolicyFiles, type NamedPath } from '../policy-file-list.ts'
import { policiesFileKeys } from '../schema/policies-schema.ts'
import type { Problem } from '../yaml/problem.ts'
import { readKeys } from '../yaml/read-keys.ts'
import { readYaml, type YamlFile } from '../yaml/yaml-file.ts'
import { bindPolicy, isPolicyKey } from './bind-policy.ts'
import { type CalendarFiles, createCalendarFiles } from './calendar-file.ts'
import type { PolicySetContent } from './policy-set-hash.ts'
import { createReferences, type References } from './references.ts'
import { readVocabulary } from './vocabulary.ts'

/** A policy and its place: the file and its index in the file's list. */
export interface WrittenPolicy {
  readonly policy: Policy
  readonly file: YamlFile
  readonly index: number
}

interface BoundPolicies {
  readonly policies: readonly WrittenPolicy[]
  readonly references: References
  readonly content: Omit<PolicySetContent, 'protect'>
}

/** Reads and binds all policy files together. See `createReferences` for `roots` and `visit`. */
export const bindPolicyFiles = (
  files: ConfigFiles,
  named: readonly NamedPath[],
  roots: readonly string[] | undefined,
  report: (problem: Problem) => void,
  visit: (path: string) => void,
): BoundPolicies => {
  const yamlFiles = listPolicyFiles(files, named, visit).flatMap((path) => {
    const read = files.read(path)
    if ('bytes' in read) {
      const file = readYaml(path, read.bytes, report)
      if (isPolicyTest(file)) {
        file.problem(['cases'], 'this is a policy test, not a policies file: run it with "curfew test"', { at: 'key' })
        return []
      }
      if (!isDaemonFile(file)) return [file]
      file.problem(['watch'], "this is the daemon's own file, not a policies file: check it with --config", {
        at: 'key',
      })
      return []
    }
    report({ severity: 'error', file: path, line: 1, column: 1, message: `the file cannot be read: ${read.why}` })
    return []
  })
  for (const file of yamlFiles) {
    if (file.value === undefined) continue
    readKeys(file, policiesFileKeys, [], file.value, 'write "version: 1" and "policies:"', hintOfPolicyKey)
  }
  const calendarFiles = createCalendarFiles(files, roots, report, visit)
  const vocabulary = readVocabulary(yamlFiles, calendarFiles)
  const references = createReferences(files, vocabulary, roots, report, visit)
  const written = yamlFiles.flatMap((file) => entriesOf(file).map((value, index) => ({ file, index, value })))
  reportDuplicateNames(written)
  return {
    policies: written.flatMap(({ file, index, value }) => {
      const policy = bindPolicy(file, index, value, references)
      return policy === undefined ? [] : [{ policy, file, index }]
    }),
    references,
    content: {
      policies: written.map(({ file, value }) => withFileEntries(file, value, references)),
      groups: section(yamlFiles, 'groups'),
      calendars: Object.assign({}, ...yamlFiles.map((file) => withCalendarFiles(file, calendarFiles))),
    },
  }
}

interface WrittenEntry {
  readonly file: YamlFile
  readonly index: number
  readonly value: unknown
}

const keyOf = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined

/** Only the daemon's file has the key `watch`, and a list of paths under `policies`. */
const isDaemonFile = (file: YamlFile): boolean =>
  keyOf(file.value, 'watch') !== undefined && !entriesOf(file).some((entry) => typeof entry === 'object')

/** Only a policy test has the key `cases`, and a list of paths under `policies`. */
const isPolicyTest = (file: YamlFile): boolean =>
  keyOf(file.value, 'cases') !== undefined && !entriesOf(file).some((entry) => typeof entry === 'object')

const entriesOf = (file: YamlFile): readonly unknown[] => {
  const policies = keyOf(file.value, 'policies')
  return Array.isArray(policies) ? policies : []
}

const section = (yamlFiles: readonly YamlFile[], key: string): Record<string, unknown> =>
  Object.assign({}, ...yamlFiles.map(({ value }) => keyOf(value, key)))

/** Works on the written values, so that it includes policies with other mistakes. */
const reportDuplicateNames = (written: readonly WrittenEntry[]): void => {
  const first = new Map<string, WrittenEntry>()
  for (const entry of written) {
    const name = keyOf(entry.value, 'name')
    if (typeof name !== 'string') continue
    const other = first.get(name)
    if (other === undefined) {
      first.set(name, entry)
    } else {
      const place = other.file.placeOf(['policies', other.index, 'name'])
      entry.file.problem(
        ['policies', entry.index, 'name'],
        `this name is already used at ${place}: rename one of the two`,
      )
    }
  }
}

/** A key of a policy that begins in the first column. */
const hintOfPolicyKey = (key: string) => (isPolicyKey(key) ? ': it belongs to a policy: indent it' : '')

/** The calendars of a file with the paths of their files replaced by the lines of those files. */
const withCalendarFiles = (file: YamlFile, calendarFiles: CalendarFiles): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(keyOf(file.value, 'calendars') ?? {}).map(([name, calendar]: [string, unknown]) => {
      const path = keyOf(calendar, 'file')
      const lines = typeof path === 'string' ? calendarFiles.linesOf(file, path) : undefined
      return [name, lines === undefined ? calendar : { ...(calendar as object), file: lines }]
    }),
  )

/** The policy with the paths of its files replaced by the entries of those files. */
const withFileEntries = (file: YamlFile, value: unknown, references: References): unknown => {
  const kind = POLICY_KINDS.find((known) => known.kind === keyOf(value, 'kind'))
  const named = (kind?.fileKeys ?? []).flatMap((key) => {
    const path = keyOf(value, key)
    const found = typeof path === 'string' ? references.textFile(file, path, () => {}) : undefined
    return found === undefined ? [] : [[key, found.entries.map(({ text }) => text)]]
  })
  return named.length === 0 ? value : { ...(value as object), ...Object.fromEntries(named) }
}
