import { isCollection, isScalar } from 'yaml'
import { suggestion } from './nearest.ts'
import { limited, type Problem } from './problem.ts'
import { placeOf, sourceText } from './source-text.ts'
import { exceededLimit } from './yaml-limits.ts'
import { parseYaml } from './yaml-syntax.ts'
import { nodeAt, offsetAt, type Path, plainValue, type YamlFinding } from './yaml-tree.ts'

/** In bytes. 2 MB of YAML take half a second to read. Longer lists of users belong in a text file. */
const MAX_BYTES = 2_000_000

/** Per file. Each suggestion searches all known words, and operators do not read thousands of them. */
const MAX_SUGGESTIONS = 200

/** One YAML file: its content as plain values, and a way to report problems at any path in it. */
export interface YamlFile {
  readonly path: string
  /** Undefined if the file could not be read or its structure is unknown. `null` if the file is empty. */
  readonly value: unknown
  /** The scalar at a path as written, with quotes and escapes resolved. Undefined for anything but a scalar. */
  written(path: Path): string | undefined
  /** `file:line:column` of the value at a path. */
  placeOf(path: Path): string
  /** Reports a problem at a path, unless problems there are suppressed because of an earlier one. */
  problem(path: Path, message: string, options?: ReportOptions): void
  /** Suppresses all further problems of the value at a path and of the values inside of it. Both count as flawed. */
  suppress(path: Path): void
  /** Whether an error was reported at the path or inside of its value, or its problems are suppressed. */
  isFlawed(path: Path): boolean
}

export interface ReportOptions {
  /** Default `value`. */
  readonly at?: 'key' | 'value'
  /** Default `error`. */
  readonly severity?: Problem['severity']
  /** The nearest of these words to `word` is suggested. */
  readonly known?: Iterable<string> | undefined
  /** Default: the written key or value. */
  readonly word?: string
}

/** Reads the bytes of a file as one YAML 1.2 document in the core schema. */
export const readYaml = (path: string, bytes: Uint8Array, report: (problem: Problem) => void): YamlFile => {
  const reportLimited = limited(report)
  const reportError = (line: number, column: number, message: string, policy?: string) =>
    reportLimited({ severity: 'error', file: path, line, column, ...(policy === undefined ? {} : { policy }), message })

  if (bytes.length > MAX_BYTES) {
    const megabytes = (Math.ceil(bytes.length / 100_000) / 10).toFixed(1)
    const remedy = 'move long lists of users to a text file and name it with "usersFile"'
    reportError(1, 1, `the file has ${megabytes} MB, at most 2 MB are read: ${remedy}`)
    return unreadableFile(path)
  }
  const source = sourceText(bytes)
  if ('problem' in source) {
    reportError(source.line, source.column, source.problem)
    return unreadableFile(path)
  }

  const { text } = source
  const exceeded = exceededLimit(text)
  if (exceeded !== undefined) {
    const { line, column } = placeOf(text, exceeded.offset)
    reportError(line, column, exceeded.message)
    return unreadableFile(path)
  }
  const { document, place, faults, isStructureKnown } = parseYaml(text)
  for (const { offset, message } of faults) reportError(...place(offset), message)
  if (!isStructureKnown) return unreadableFile(path)

  const suppressed = new Set<string>()
  const flawed = new Set<string>()
  const keyOf = (at: Path, length = at.length) => JSON.stringify(at.slice(0, length))
  const markFlawed = (at: Path, suppressFurther: boolean) => {
    if (suppressFurther) suppressed.add(keyOf(at))
    for (let length = at.length; length > 0; length--) flawed.add(keyOf(at, length))
  }
  const isSuppressed = (at: Path) => suppressed.size > 0 && at.some((_, index) => suppressed.has(keyOf(at, index + 1)))

  let suggestions = 0
  // `plainValue` asks in the order of the text, so one pass over the sorted offsets is enough.
  const faultOffsets = faults.map(({ offset }) => offset).sort((a, b) => a - b)
  let nextFault = 0
  const hasFaultWithin = (from: number, to: number) => {
    while ((faultOffsets[nextFault] ?? to) < from) nextFault++
    return (faultOffsets[nextFault] ?? Number.POSITIVE_INFINITY) <= to
  }
  const findings: YamlFinding[] = []
  const value = plainValue(
    document,
    text,
    (offset) => place(offset)[0],
    hasFaultWithin,
    (finding) => findings.push(finding),
  )
  for (const { offset, path: at, message, isUnusable } of findings) {
    if (message !== undefined) reportError(...place(offset), message, policyAt(value, at))
    markFlawed(at, isUnusable)
  }

  const written = (at: Path) => {
    const node = nodeAt(document, at)
    return isScalar(node) ? (node.source ?? String(node.value)) : undefined
  }
  return {
    path,
    value,
    written,
    placeOf(at) {
      return [path, ...place(offsetAt(document, at, 'value'))].join(':')
    },
    problem(at, message, { at: part = 'value', severity = 'error', known, word } = {}) {
      if (isSuppressed(at)) return
      const [line, column] = place(offsetAt(document, at, part))
      const misspelled = word ?? (part === 'key' ? String(at.at(-1)) : written(at))
      const suggest = known !== undefined && misspelled !== undefined && suggestions++ < MAX_SUGGESTIONS
      const hint = suggest ? suggestion(misspelled, known) : ''
      const policy = policyAt(value, at)
      reportLimited({
        severity,
        file: path,
        line,
        column,
        ...(policy === undefined ? {} : { policy }),
        message: message + hint,
      })
      if (severity === 'error') markFlawed(at, !isCollection(nodeAt(document, at)))
    },
    suppress: (at) => markFlawed(at, true),
    isFlawed: (at) => isSuppressed(at) || flawed.has(keyOf(at)),
  }
}

const unreadableFile = (path: string): YamlFile => ({
  path,
  value: undefined,
  written: () => undefined,
  placeOf: () => `${path}:1:1`,
  problem: () => {},
  suppress: () => {},
  isFlawed: () => true,
})

/** The name of the policy that contains a path of a policies file. */
const policyAt = (value: unknown, [list, index]: Path): string | undefined => {
  if (list !== 'policies' || typeof index !== 'number') return undefined
  const policies = (value as { policies?: unknown } | null)?.policies
  const policy: unknown = Array.isArray(policies) ? policies[index] : undefined
  const name = typeof policy === 'object' && policy !== null && 'name' in policy ? policy.name : undefined
  return typeof name === 'string' ? name : undefined
}
