import { type Instant, NEVER, toText } from './instant.ts'

/** From `from` until before `until`. */
export interface Period {
  readonly from: Instant
  readonly until: Instant
}

/** Periods in their order. None is empty, and none overlaps or touches the next one. */
export type Periods = readonly Period[]

/** The problem of two instants that an operator wrote: `until` must be after `from`. */
export const periodProblem = (
  what: string,
  from: Instant | undefined,
  until: Instant | undefined,
): string | undefined =>
  from === undefined || until === undefined || from < until
    ? undefined
    : `${what} ends before it begins: "until" (${toText(until)}) is not after "from" (${toText(from)})`

export const ALL_TIME: Periods = [{ from: -NEVER, until: NEVER }]

/** The time that at least one of some periods contains. */
export const union = (periods: readonly Period[]): Periods => {
  const sorted = periods.filter(({ from, until }) => from < until).sort((a, b) => a.from - b.from)
  const merged: Period[] = []
  for (const period of sorted) {
    const last = merged.at(-1)
    if (last !== undefined && period.from <= last.until) {
      merged[merged.length - 1] = { from: last.from, until: Math.max(last.until, period.until) }
    } else {
      merged.push(period)
    }
  }
  return merged
}

/** The time that both contain. */
export const intersection = (some: Periods, others: Periods): Periods => {
  if (some === ALL_TIME) return others
  if (others === ALL_TIME) return some
  return union(
    some.flatMap((one) =>
      others.map((other) => ({ from: Math.max(one.from, other.from), until: Math.min(one.until, other.until) })),
    ),
  )
}

/** The period that contains an instant. */
export const periodAt = (periods: Periods, at: Instant): Period | undefined =>
  periods.find(({ from, until }) => from <= at && at < until)

/** The first later instant at which a period begins or ends. */
export const nextEdge = (periods: Periods, at: Instant): Instant => {
  for (const { from, until } of periods) {
    if (at < from) return from
    if (at < until) return until
  }
  return NEVER
}
