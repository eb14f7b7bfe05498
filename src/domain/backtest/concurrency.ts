import type { RecordedSession, Recording } from '../recording/recorded-session.ts'
import type { Instant } from '../time/instant.ts'
import type { Period } from '../time/period.ts'
import { type Ends, endOf } from './ends.ts'

/** The most sessions that were up at once within a period, and how many the policies would have left. */
export interface Concurrency extends Period {
  readonly recorded: number
  readonly kept: number
}

/** `edges` divide the time into periods. They are in order. */
export const concurrencyOf = (
  { sessions }: Recording,
  ends: Ends,
  edges: readonly Instant[],
): readonly Concurrency[] => {
  const begins = inOrder(sessions, ({ establishedAt }) => establishedAt)
  const recorded = mostAtOnce(
    begins,
    inOrder(sessions, ({ endedAt }) => endedAt),
    edges,
  )
  const kept = mostAtOnce(
    begins,
    inOrder(sessions, (session) => endOf(session, ends)),
    edges,
  )
  return edges.slice(0, -1).map((from, index) => ({
    from,
    until: edges[index + 1] ?? from,
    recorded: recorded[index] ?? 0,
    kept: kept[index] ?? 0,
  }))
}

/** There may be a million sessions: `Float64Array.from` takes several times as long as a loop. */
const inOrder = (sessions: Recording['sessions'], of: (session: RecordedSession) => Instant): Float64Array => {
  const instants = new Float64Array(sessions.length)
  for (const [index, session] of sessions.entries()) instants[index] = of(session)
  return instants.sort()
}

/** For each pair of edges the most sessions that are up at one instant between them. */
const mostAtOnce = (begins: Float64Array, ends: Float64Array, edges: readonly Instant[]): readonly number[] => {
  let [begun, ended] = [0, 0]
  /** The sessions up at an instant, which is later than all instants asked before. */
  const upAt = (at: Instant) => {
    while ((begins[begun] ?? Number.NaN) <= at) begun++
    while ((ends[ended] ?? Number.NaN) <= at) ended++
    return begun - ended
  }
  return edges.slice(0, -1).map((from, index) => {
    const until = edges[index + 1] ?? from
    let most = upAt(from)
    // The number only grows where a session begins.
    for (let next = begins[begun]; next !== undefined && next < until; next = begins[begun]) {
      most = Math.max(most, upAt(next))
    }
    return most
  })
}
