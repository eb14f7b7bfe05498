import { isCollection, isScalar } from 'yaml'
import { suggestion } from './nearest.ts'
import { limited, type Problem } from './problem.ts'
import { placeOf, sourceText } from './source-text.ts'
import { yamlExcess } from './yaml-limits.ts'
import { parseYaml } from './yaml-syntax.ts'
import { nodeAt, offsetAt, type Path, plainValue, type YamlFinding } from './yaml-tree.ts'

/** 2 MB of YAML take half a second to read; a longer list of people belongs in a text file. */
const LARGEST_YAML = 2_000_000

/** Each is a search through all known words; with thousands of slips nobody reads the last of them. */
const MOST_SUGGESTIONS = 200

/** One YAML file: its content as plain values, and a way to say what is wrong at any path in it. */
export interface YamlFile {
  readonly path: string
  /** Undefined if the structure of the file is unknown, and with it what it defines. `null` if it is empty. */
  readonly value: unknown
  /** A scalar as it was written, quotes and escapes resolved. */
  written(path: Path): string | undefined
  /** `file:line:column`. */
  placeOf(path: Path): string
  /** Reports what is wrong at a path, unless the value there, or one around it, is known to be wrong. */
  problem(path: Path, message: string, options?: ReportOptions): void
  /** From now on nothing is said about the value at a path, nor about what it holds. */
  spoil(path: Path): void
  /** Whether an error was reported at the path, around it or within it. */
  isFlawed(path: Path): boolean
}

export interface ReportOptions {
  /** Default `value`. */
  readonly at?: 'key' | 'value'
  /** Default `error`. */
  readonly severity?: Problem['severity']
  /** Words of which the one nearest to `word` is suggested. */
  readonly known?: Iterable<string> | undefined
  /** Default: what was written. */
  readonly word?: string
}

/** Reads a file's bytes as YAML 1.2 core, one document. */
export const readYaml = (path: string, bytes: Uint8Array, report: (problem: Problem) => void): YamlFile => {
  const tell = limited(report)
  const say = (line: number, column: number, message: string, policy?: string) =>
    tell({ severity: 'error', file: path, line, column, ...(policy === undefined ? {} : { policy }), message })

  if (bytes.length > LARGEST_YAML) {
    const megabytes = (Math.ceil(bytes.length / 100_000) / 10).toFixed(1)
    const instead = 'move long lists of users to a text file and name it with "usersFile"'
    say(1, 1, `the file has ${megabytes} MB, at most 2 MB are read: ${instead}`)
    return illegible(path)
  }
  const source = sourceText(bytes)
  if ('problem' in source) {
    say(source.line, source.column, source.problem)
    return illegible(path)
  }

  const { text } = source
  const excess = yamlExcess(text)
  if (excess !== undefined) {
    const { line, column } = placeOf(text, excess.offset)
    say(line, column, excess.message)
    return illegible(path)
  }
  const { document, place, faults, legible } = parseYaml(text)
  for (const { offset, message } of faults) say(...place(offset), message)
  if (!legible) return illegible(path)

  const spoilt = new Set<string>()
  const flawed = new Set<string>()
  const keyOf = (at: Path, length = at.length) => JSON.stringify(at.slice(0, length))
  const mark = (at: Path, covers: boolean) => {
    if (covers) spoilt.add(keyOf(at))
    for (let length = at.length; length > 0; length--) flawed.add(keyOf(at, length))
  }
  const isSpoilt = (at: Path) => spoilt.size > 0 && at.some((_, index) => spoilt.has(keyOf(at, index + 1)))

  let suggestions = 0
  // Ascending, and asked for in the order of the text: each is looked at once.
  const faultOffsets = faults.map(({ offset }) => offset).sort((a, b) => a - b)
  let passed = 0
  const faultWithin = (from: number, to: number) => {
    while ((faultOffsets[passed] ?? to) < from) passed++
    return (faultOffsets[passed] ?? Number.POSITIVE_INFINITY) <= to
  }
  const findings: YamlFinding[] = []
  const value = plainValue(
    document,
    text,
    (offset) => place(offset)[0],
    faultWithin,
    (found) => findings.push(found),
  )
  for (const { offset, path: at, message, spoilt: covers } of findings) {
    if (message !== undefined) say(...place(offset), message, policyAt(value, at))
    mark(at, covers)
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
    problem(at, message, { at: which = 'value', severity = 'error', known, word } = {}) {
      if (isSpoilt(at)) return
      const [line, column] = place(offsetAt(document, at, which))
      const slip = word ?? (which === 'key' ? String(at.at(-1)) : written(at))
      const suggest = known !== undefined && slip !== undefined && suggestions++ < MOST_SUGGESTIONS
      const hint = suggest ? suggestion(slip, known) : ''
      const policy = policyAt(value, at)
      tell({
        severity,
        file: path,
        line,
        column,
        ...(policy === undefined ? {} : { policy }),
        message: message + hint,
      })
      if (severity === 'error') mark(at, !isCollection(nodeAt(document, at)))
    },
    spoil: (at) => mark(at, true),
    isFlawed: (at) => isSpoilt(at) || flawed.has(keyOf(at)),
  }
}

const illegible = (path: string): YamlFile => ({
  path,
  value: undefined,
  written: () => undefined,
  placeOf: () => `${path}:1:1`,
  problem: () => {},
  spoil: () => {},
  isFlawed: () => true,
})

/** The name of the policy that a path of a policies file leads into. */
const policyAt = (value: unknown, [list, index]: Path): string | undefined => {
  if (list !== 'policies' || typeof index !== 'number') return undefined
  const policies = (value as { policies?: unknown } | null)?.policies
  const policy: unknown = Array.isArray(policies) ? policies[index] : undefined
  const name = typeof policy === 'object' && policy !== null && 'name' in policy ? policy.name : undefined
  return typeof name === 'string' ? name : undefined
}
