import { hitsText, parseTextPattern, type TextPattern } from './text-pattern.ts'

const RELATIONS = ['<', '<=', '>', '>='] as const

/** A comparison with a version of dotted numbers. */
export interface VersionComparison {
  /** As the operator wrote it. */
  readonly source: string
  readonly relation: (typeof RELATIONS)[number]
  readonly version: readonly number[]
}

/** A pattern such as 5.*, or a comparison. */
export type VersionPattern = TextPattern | VersionComparison

type Parsed = { readonly pattern: VersionPattern } | { readonly problem: string }

/** The largest number of a version has nine digits. */
const VERSION = /^\d{1,9}(?:\.\d{1,9})*$/

const parseVersion = (text: string): readonly number[] | undefined =>
  VERSION.test(text) ? text.split('.').map(Number) : undefined

/** A missing number is 0, so that 5.2 is 5.2.0. */
const compareVersions = (one: readonly number[], other: readonly number[]): number => {
  const longer = one.length > other.length ? one : other
  const at = longer.findIndex((_, index) => (one[index] ?? 0) !== (other[index] ?? 0))
  return at < 0 ? 0 : (one[at] ?? 0) - (other[at] ?? 0)
}

const SATISFIED_BY: Readonly<Record<VersionComparison['relation'], (order: number) => boolean>> = {
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
}

/** A comparison is unknown for a version that does not consist of dotted numbers. */
export const hitsVersion = (text: string): ((pattern: VersionPattern) => boolean | 'unknown') => {
  const hitsPattern = hitsText(text)
  const version = parseVersion(text)
  return (pattern) => {
    if (!('relation' in pattern)) return hitsPattern(pattern)
    return version === undefined ? 'unknown' : SATISFIED_BY[pattern.relation](compareVersions(version, pattern.version))
  }
}

/** Signs that no version has, but comparisons and ranges of versions. */
const OF_COMPARISON = /[<>=~^!|,\s]/

/** Reads an entry of `clientVersion`: a pattern such as 5.*, or a comparison such as < 5.2. */
export const parseVersionPattern = (source: string): Parsed => {
  if (!OF_COMPARISON.test(source)) return parseTextPattern(source)
  const [, sign, rest = ''] = /^([<>]=?) *(.*)$/.exec(source) ?? []
  const relation = RELATIONS.find((one) => one === sign)
  const version = parseVersion(rest)
  if (relation !== undefined && version !== undefined) return { pattern: { source, relation, version } }
  return {
    problem: `${JSON.stringify(source)} is no comparison of versions: write <, <=, > or >= and then dotted numbers, such as "< 5.2"`,
  }
}
