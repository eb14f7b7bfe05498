import type { Temporal } from 'temporal-polyfill'
import { DAY, HOUR, type Instant, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import type { Random } from '../../src/simulator/random.ts'
import type { Member, Office } from './company.ts'

/** One session, as its person would have it. */
export interface Stay {
  readonly from: Instant
  readonly to: Instant
}

/** One day of the month. */
export interface Day {
  /** Counted from 0, the first day of the month. */
  readonly number: number
  readonly isWeekend: boolean
  /** The instant of a local time of the day, in hours. It may lie on the days before and after it. */
  at(office: Office, hours: number): Instant
}

export const dayOf = (first: Temporal.PlainDate, number: number): Day => {
  const date = first.add({ days: number })
  const noons = new Map<string, Instant>()
  const noonIn = (timeZone: string): Instant => {
    const noon = noons.get(timeZone) ?? date.toZonedDateTime({ timeZone, plainTime: { hour: 12 } }).epochMilliseconds
    noons.set(timeZone, noon)
    return noon
  }
  return {
    number,
    isWeekend: date.dayOfWeek > 5,
    // Counted from noon: at night, the clock may change.
    at: ({ timeZone }, hours) => noonIn(timeZone) + (hours - 12) * HOUR,
  }
}

/** AWS ends every session after a day. */
const TIMEOUT_MS = DAY

export const isLikely = (random: Random, percent: number): boolean =>
  random.within({ from: 1, to: 1000 }) <= percent * 10

const between = (random: Random, from: number, to: number): number => random.within({ from, to })

const minutes = (random: Random, from: number, to: number): number => between(random, from * 60, to * 60) * SECOND

const seconds = (random: Random, from: number, to: number): number => between(random, from, to) * SECOND

/** In the morning, some clients lose their first connections and come back at once. */
function* reconnecting(stay: Stay, random: Random): Generator<Stay> {
  let { from } = stay
  for (let lost = isLikely(random, 25) ? between(random, 1, 3) : 0; lost > 0; lost--) {
    const to = from + seconds(random, 20, 180)
    yield { from, to }
    from = to + seconds(random, 5, 40)
  }
  if (from < stay.to) yield { from, to: stay.to }
}

/** A laptop that sleeps over lunch loses its session a minute or two later. It has a new one when it wakes. */
function* sleeping(stay: Stay, noon: Instant, random: Random): Generator<Stay> {
  const asleepAt = noon + minutes(random, -30, 45)
  const awakeAt = asleepAt + minutes(random, 30, 70)
  if (!isLikely(random, 55) || asleepAt <= stay.from || awakeAt >= stay.to) yield stay
  else {
    yield { from: stay.from, to: asleepAt + seconds(random, 60, 120) }
    yield { from: awakeAt, to: stay.to }
  }
}

function* dayOfWork({ office, habit, hasSecondDevice }: Member, day: Day, random: Random): Generator<Stay> {
  const isContractor = habit === 'contractor'
  if (!isLikely(random, day.isWeekend ? (isContractor ? 12 : 5) : 85)) return
  const begin = day.at(office, day.isWeekend ? 10 : 7.5) + minutes(random, 0, 120)
  const forgets = !isContractor && isLikely(random, 6)
  const end = day.at(office, day.isWeekend ? 13 : 16) + minutes(random, 0, 180) + (forgets ? 14 * HOUR : 0)
  for (const stay of reconnecting({ from: begin, to: Math.min(end, begin + TIMEOUT_MS) }, random))
    yield* sleeping(stay, day.at(office, 12), random)
  if (isContractor && isLikely(random, 10)) {
    const late = day.at(office, 20) + minutes(random, 0, 60)
    yield { from: late, to: late + minutes(random, 30, 150) }
  }
  if (hasSecondDevice) {
    const second = begin + minutes(random, 30, 180)
    yield { from: second, to: second + minutes(random, 10, 240) }
    if (isLikely(random, 30)) yield { from: second + MINUTE, to: second + minutes(random, 20, 90) }
  }
}

function* nightOfWork({ index, office }: Member, day: Day, random: Random): Generator<Stay> {
  if ((index + day.number + 7) % 7 > 3) return
  const begin = day.at(office, 21.75) + minutes(random, 0, 20)
  yield* reconnecting({ from: begin, to: day.at(office, 30) + minutes(random, 0, 25) }, random)
}

/** The client is back five seconds after the end of each session. */
function* alwaysOn({ index, office }: Member, day: Day): Generator<Stay> {
  const from = day.at(office, 1 + (index % 20)) + (day.number + 1) * 5 * SECOND
  yield { from, to: from + TIMEOUT_MS }
}

function* comingBackEveryMinute({ office }: Member, day: Day, random: Random): Generator<Stay> {
  if (day.isWeekend) return
  const from = day.at(office, 9)
  for (let minute = 0; minute < 90; minute++) {
    const begin = from + minute * MINUTE + seconds(random, 0, 5)
    yield { from: begin, to: begin + seconds(random, 20, 50) }
  }
}

/** The sessions of one person that begin on a day. */
export const staysOf = (member: Member, day: Day, leavesOn: number, random: Random): Iterable<Stay> => {
  if (member.habit === 'night-shift') return nightOfWork(member, day, random)
  if (member.habit === 'always-on') return alwaysOn(member, day)
  if (member.habit === 'leaver' && day.number >= leavesOn) return comingBackEveryMinute(member, day, random)
  return dayOfWork(member, day, random)
}

/** What is left of a session if its endpoint is down for a while. Clients come back within five minutes. */
export function* around(maintenance: Stay, stay: Stay, random: Random): Generator<Stay> {
  if (stay.to <= maintenance.from || stay.from >= maintenance.to) {
    yield stay
    return
  }
  if (stay.from < maintenance.from) yield { from: stay.from, to: maintenance.from }
  const back = maintenance.to + seconds(random, 2, 300)
  if (stay.to > back) yield { from: back, to: stay.to }
}
