import type { Recording } from '../recording/recorded-session.ts'
import { type Instant, MINUTE } from '../time/instant.ts'
import type { LocalDay } from '../time/local-days.ts'
import { intersection, type Period, type Periods, union } from '../time/period.ts'
import { endOf, endsOf } from './ends.ts'
import type { Cut, Outcome } from './outcome.ts'
import { createPersonOf } from './person.ts'

/** The day on which the policies would have ended most sessions. */
export interface BusiestDay {
  readonly day: LocalDay
  readonly cuts: number
  /** How many people would have been ended on it. */
  readonly people: number
  /** Some of them, those who are ended most often first. */
  readonly lanes: readonly Lane[]
}

/** One person on one day. */
export interface Lane {
  readonly name: string
  readonly sessions: number
  readonly cuts: readonly Cut[]
  /** When its sessions would have been up. */
  readonly up: Periods
  /** When they were up, and would not have been. */
  readonly saved: Periods
}

/** A drawing of a day is too small to show a gap that is shorter. Somebody may come back every minute of it. */
const SMALLEST_GAP_MS = 3 * MINUTE

/** The limits of a drawing of a day. */
export interface Room {
  readonly lanes: number
  /** Periods of all lanes together. */
  readonly periods: number
}

/** Undefined if no session ends. `days`: those of the recording, in order. */
export const busiestDayOf = (
  { sessions }: Recording,
  outcome: Pick<Outcome, 'cuts' | 'outside'>,
  days: readonly LocalDay[],
  room: Room,
): BusiestDay | undefined => {
  const [day, onDay = []] = mostOf(byDay(outcome.cuts, days)) ?? []
  if (day === undefined) return undefined

  const ends = endsOf(outcome)
  const personOf = createPersonOf()
  const byPerson = new Map<string, Cut[]>()
  for (const cut of onDay) {
    const person = personOf(cut.session)
    if (person === undefined) continue
    if (byPerson.get(person)?.push(cut) === undefined) byPerson.set(person, [cut])
  }
  const chosen = [...byPerson]
    .sort(([a, one], [b, other]) => other.length - one.length || (a < b ? -1 : 1))
    .slice(0, room.lanes)
  const drawn = new Map(
    chosen.map(([person, ends]): [string, Drawn] => [person, { name: '', cuts: ends, sessions: 0, up: [], saved: [] }]),
  )
  for (const session of sessions) {
    if (session.establishedAt >= day.until || session.endedAt < day.from) continue
    const lane = drawn.get(personOf(session) ?? '')
    if (lane === undefined) continue
    const end = endOf(session, ends)
    lane.name = session.username ?? session.commonName ?? ''
    lane.sessions++
    lane.up.push({ from: session.establishedAt, until: end })
    lane.saved.push({ from: end, until: session.endedAt })
  }

  const lanes: Lane[] = []
  let periods = 0
  for (const { up, saved, ...lane } of drawn.values()) {
    const one = { ...lane, up: drawable(up, day), saved: drawable(saved, day) }
    periods += one.up.length + one.saved.length
    if (periods > room.periods) break
    lanes.push(one)
  }
  return { day, cuts: onDay.length, people: byPerson.size, lanes }
}

interface Drawn {
  name: string
  readonly cuts: readonly Cut[]
  sessions: number
  readonly up: Period[]
  readonly saved: Period[]
}

const byDay = (cuts: readonly Cut[], days: readonly LocalDay[]): ReadonlyMap<LocalDay, Cut[]> => {
  const found = new Map<LocalDay, Cut[]>()
  let index = 0
  for (const cut of cuts) {
    while (index < days.length - 1 && untilOf(days[index]) <= cut.at) index++
    const day = days[index]
    if (day !== undefined && found.get(day)?.push(cut) === undefined) found.set(day, [cut])
  }
  return found
}

const untilOf = (day: LocalDay | undefined): Instant => day?.until ?? 0

const mostOf = <Key, Value>(lists: ReadonlyMap<Key, readonly Value[]>) =>
  [...lists].reduce<readonly [Key, readonly Value[]] | undefined>(
    (most, one) => (most === undefined || one[1].length > most[1].length ? one : most),
    undefined,
  )

/** The parts within the day, without gaps that are too small to see. */
const drawable = (periods: readonly Period[], day: Period): Periods => {
  const stretched = periods
    .filter(({ from, until }) => from < until)
    .map(({ from, until }) => ({ from, until: until + SMALLEST_GAP_MS }))
  const shrunk = union(stretched).map(({ from, until }) => ({ from, until: until - SMALLEST_GAP_MS }))
  return intersection([day], shrunk)
}
