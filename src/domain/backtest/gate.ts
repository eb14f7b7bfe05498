import type { Summary } from './summary.ts'

const HOLDS = {
  '>': (found, limit) => found > limit,
  '>=': (found, limit) => found >= limit,
  '<': (found, limit) => found < limit,
  '<=': (found, limit) => found <= limit,
  '==': (found, limit) => found === limit,
  '!=': (found, limit) => found !== limit,
} as const satisfies Readonly<Record<string, (found: number, limit: number) => boolean>>

type Comparison = keyof typeof HOLDS

/** A limit such as `ended.policy.daily>10`. The gate fails where it holds. */
export interface Limit {
  readonly written: string
  readonly path: string
  readonly comparison: Comparison
  readonly number: number
}

/** The name of a policy may contain any character, so that the last comparison of the text counts. */
const LIMIT = /^\s*(\S.*?)\s*(>=|<=|==|!=|>|<)\s*(-?\d+(?:\.\d+)?)\s*$/s

/** Undefined if the text is no limit. */
export const parseLimit = (written: string): Limit | undefined => {
  const [, path, comparison, number] = LIMIT.exec(written) ?? []
  const known = (Object.keys(HOLDS) as Comparison[]).find((one) => one === comparison)
  return path === undefined || known === undefined
    ? undefined
    : { written, path, comparison: known, number: Number(number) }
}

/**
 * The numbers of a summary by the paths that a limit may name. The paths depend on the policies only, and on whether two
 * sets are compared.
 */
export const numbersOf = ({
  lines,
  ended,
  busiestMinute,
  notJudged,
  against,
  ...rest
}: Summary): ReadonlyMap<string, number> => {
  const numbers = new Map<string, number>([
    ['lines.read', lines.read],
    ['lines.understood', lines.understood],
    ['lines.failed', lines.failed],
    ['scope.notWatched', rest.scope.notWatched],
    ['sessions', rest.sessions],
    ['edges.begunBefore', rest.edges.begunBefore],
    ['edges.endNotRecorded', rest.edges.endNotRecorded],
    ['edges.openAtEnd', rest.edges.openAtEnd],
    ...Object.entries(rest.contradictions).map(([how, number]) => [`contradictions.${how}`, number] as const),
    ['principals', rest.principals],
    ['connectionHours', rest.connectionHours],
    ['ended', ended.sessions],
    ['ended.sessions', ended.sessions],
    ['ended.principals', ended.principals],
    ['ended.hoursSaved', ended.hoursSaved],
    ...Object.entries(ended.byReason).flatMap(([reason, number]) =>
      ['byReason', 'reason'].map((place) => [`ended.${place}.${reason}`, number] as const),
    ),
    ['returned', rest.returned],
    ['busiestMinute.terminations', busiestMinute?.terminations ?? 0],
    ['busiestMinute.etaSeconds', busiestMinute?.etaSeconds ?? 0],
    ['notJudged', notJudged.reduce((sum, { sessions }) => sum + sessions, 0)],
    ...Object.entries(against ?? {}).map(([change, number]) => [`against.${change}`, number] as const),
  ])
  for (const { policy, sessions } of ended.byPolicy) numbers.set(`ended.policy.${policy}`, sessions)
  for (const { policy, sessions, principals, hoursSaved, exemptions, notJudged: unjudged } of ended.byPolicy) {
    const ofPolicy = { sessions, principals, hoursSaved, exemptions, notJudged: unjudged }
    for (const [field, number] of Object.entries(ofPolicy)) {
      const path = `ended.policy.${policy}.${field}`
      // Another policy may have this name.
      if (!numbers.has(path)) numbers.set(path, number)
    }
  }
  return numbers
}

/** A limit that holds, and the number that was found. */
export interface Failure {
  readonly limit: Limit
  readonly found: number
}

export const failuresOf = (limits: readonly Limit[], summary: Summary): readonly Failure[] => {
  const numbers = numbersOf(summary)
  return limits.flatMap((limit) => {
    const found = numbers.get(limit.path)
    return found !== undefined && HOLDS[limit.comparison](found, limit.number) ? [{ limit, found }] : []
  })
}
