import { Temporal } from 'temporal-polyfill'
import type { ClosedDates } from './calendar.ts'
import { DAY, type Instant, MINUTE, NEVER } from './instant.ts'
import { dateOf, type Parsed } from './local-date.ts'
import { intersection, union as joined, type Period, type Periods } from './period.ts'
import { createDayTest, EVERY_DAY, outerDays, type Weekday, type WindowDays } from './window-days.ts'

/** Wall-clock time on some days. It ends on the next day if `toMinute` is not after `fromMinute`. */
export interface LocalWindow extends WindowDays {
  /** Minute of the day, 0 to 1439. */
  readonly fromMinute: number
  /** Minute of the day, 1 to 1440. */
  readonly toMinute: number
  /** Its own IANA zone; without one, the policy's. */
  readonly zone?: string | undefined
}

export interface WindowState {
  readonly open: boolean
  /** When this state began; -Infinity if that is more than HORIZON_MS ago. */
  readonly since: Instant
  /** The first later instant with the other state; NEVER if that is more than HORIZON_MS ahead. */
  readonly until: Instant
}

interface TimeWindows {
  /** Throws a RangeError if `t` is outside the calendar, as NEVER is. */
  at(t: Instant): WindowState
  /** When a window is open within a period. Unlike `at` it searches no further. */
  openIn(period: Period): Periods
}

/** How far back and ahead a change is searched for: ten years. */
export const HORIZON_MS = 3653 * DAY

const MINUTES_A_DAY = 24 * 60

export const WHOLE_DAY = { fromMinute: 0, toMinute: MINUTES_A_DAY }

/** The largest instant of `Date` and Temporal, in either direction from 1970. */
const LAST_INSTANT = 8.64e15

interface Span {
  readonly openAt: Instant
  readonly closeAt: Instant
}

/** The changes between open and closed in one block, ascending. Block `i` is [i * BLOCK_MS, (i + 1) * BLOCK_MS). */
interface Block {
  readonly openBefore: boolean
  readonly changes: readonly Instant[]
}

// The first call of `at` computes one block, in about a tenth of a millisecond. Ten years are about a hundred blocks.
const BLOCK_DAYS = 32
const BLOCK_MS = BLOCK_DAYS * DAY

/**
 * When at least one of `windows` is open. A window without a zone of its own is read in the IANA zone `zone`. No window
 * opens on a closed date, but a window that opened the day before runs to its end. The instance caches its results, so
 * use one instance for all connections.
 */
export const createTimeWindows = (zone: string, windows: readonly LocalWindow[], closed: ClosedDates): TimeWindows => {
  const zones = [...new Set(windows.map((window) => window.zone ?? zone))]
  const byZone = zones.map((each) => ({
    zone: each,
    windows: windows
      .filter((window) => (window.zone ?? zone) === each)
      .map((window) => ({ ...window, ...outerDays(window), opensOn: createDayTest(window) })),
  }))
  const alwaysOpen = closed.isEmpty && byZone.some((one) => neverCloses(one.windows))
  const blocks = new Map<number, Block>()
  let last: { readonly from: Instant; readonly until: Instant; readonly state: WindowState } | undefined

  const blockAt = (index: number): Block => {
    const cached = blocks.get(index)
    if (cached !== undefined) return cached
    const changes = changesBetween(index * BLOCK_DAYS, (index + 1) * BLOCK_DAYS)
    const first = countUpTo(changes, index * BLOCK_MS - 1)
    const last = countUpTo(changes, (index + 1) * BLOCK_MS - 1)
    const block = { openBefore: first % 2 === 1, changes: changes.slice(first, last) }
    blocks.set(index, block)
    return block
  }

  /** Alternating openings and closings: all between 00:00Z of two days, counted from 1970-01-01, and a few outside. */
  const changesBetween = (firstDay: number, lastDay: number): Instant[] => {
    const spans: Span[] = []
    for (const { zone: each, windows: inZone } of byZone) {
      // In ten years, most blocks are far from the dates of a window.
      const near = inZone.filter(({ first, last }) => first <= lastDay && firstDay - 2 <= last)
      if (near.length === 0) continue
      let instantOf: ((minutes: number) => Instant) | undefined
      // No zone was ever 16 hours from UTC, and a window may end on the day after it opens. So the windows that matter
      // open at most two days before the block and one day after it.
      for (let day = firstDay - 2; day <= lastDay; day++) {
        const date = dateOf(day)
        const opensToday = near.filter(({ opensOn }) => opensOn(date))
        if (opensToday.length === 0 || closed.has(date)) continue
        instantOf ??= localClock(each, (firstDay - 3) * DAY)
        for (const { fromMinute, toMinute } of opensToday) {
          const midnight = day * MINUTES_A_DAY
          const openAt = instantOf(midnight + fromMinute)
          const closeAt = instantOf(midnight + toMinute + (toMinute > fromMinute ? 0 : MINUTES_A_DAY))
          if (closeAt > openAt) spans.push({ openAt, closeAt })
        }
      }
    }
    return union(spans)
  }

  /** The state at `t`, and until before which instant it is the state at later instants too. */
  const stateFrom = (t: Instant): { readonly state: WindowState; readonly until: Instant } => {
    if (!(Math.abs(t) <= LAST_INSTANT)) throw new RangeError(`${t} is outside the calendar`)
    if (alwaysOpen) return { state: ALWAYS_OPEN, until: NEVER }
    const index = Math.floor(t / BLOCK_MS)
    const { openBefore, changes } = blockAt(index)
    const passed = countUpTo(changes, t)

    let since = changes[passed - 1]
    for (let i = index; since === undefined && i * BLOCK_MS > t - HORIZON_MS; ) since = blockAt(--i).changes.at(-1)

    let until = changes[passed]
    let ahead = index + 1
    for (; until === undefined && ahead * BLOCK_MS <= t + HORIZON_MS; ahead++) until = blockAt(ahead).changes[0]

    // Beginning and end are told only within the horizon, which moves with `t`.
    const begins = since !== undefined && since >= t - HORIZON_MS ? since : undefined
    const ends = until !== undefined && until <= t + HORIZON_MS ? until : undefined
    return {
      state: {
        open: openBefore !== (passed % 2 === 1),
        since: begins ?? Number.NEGATIVE_INFINITY,
        until: ends ?? NEVER,
      },
      until: Math.min(
        begins === undefined ? NEVER : begins + HORIZON_MS,
        ends ?? (until ?? ahead * BLOCK_MS) - HORIZON_MS,
      ),
    }
  }

  return {
    at(t) {
      // Most callers ask at ever later instants, and a state holds for hours.
      if (last === undefined || !(last.from <= t && t < last.until)) last = { from: t, ...stateFrom(t) }
      return last.state
    },

    openIn({ from, until }) {
      const open: Period[] = []
      for (let index = Math.floor(from / BLOCK_MS); index * BLOCK_MS < until; index++) {
        const { openBefore, changes } = blockAt(index)
        const edges = [...(openBefore ? [index * BLOCK_MS] : []), ...changes, (index + 1) * BLOCK_MS]
        for (let edge = 0; edge + 1 < edges.length; edge += 2) {
          open.push({ from: edges[edge] ?? NEVER, until: edges[edge + 1] ?? NEVER })
        }
      }
      return intersection(joined(open), [{ from, until }])
    },
  }
}

const ALWAYS_OPEN: WindowState = { open: true, since: Number.NEGATIVE_INFINITY, until: NEVER }

/**
 * Whether windows of one zone follow each other round the day, every day. Each ends at the minute at which another one
 * opens, so that no change of the clocks comes between them. One that overlaps the next may be cut off from it.
 */
const neverCloses = (windows: readonly LocalWindow[]): boolean => {
  let chain = dailySpans(windows)
  for (let before = chain.length + 1; chain.length < before; ) {
    before = chain.length
    const opens = new Set(chain.map(({ fromMinute }) => fromMinute))
    chain = chain.filter(({ toMinute }) => opens.has(toMinute % MINUTES_A_DAY))
  }
  return chain.length > 0
}

/** The hours that are open on each day of the week, on every date: by one window, or by several. */
const dailySpans = (windows: readonly LocalWindow[]): readonly Pick<LocalWindow, 'fromMinute' | 'toMinute'>[] => {
  const daysOf = new Map<string, Set<Weekday>>()
  const isOnEveryDay = ({ days, dates, months, monthDays, weeks, fromMinute, toMinute }: LocalWindow): boolean => {
    if ([dates, months, monthDays, weeks].some((given) => given !== undefined)) return false
    const hours = `${fromMinute} ${toMinute}`
    const together = daysOf.get(hours) ?? new Set()
    daysOf.set(hours, together)
    for (const day of days) together.add(day)
    return together.size === EVERY_DAY.length
  }
  return windows.filter(isOnEveryDay)
}

/**
 * Converts wall-clock minutes since 1970-01-01T00:00 in `zone` to instants. The result is correct from `startAt` on. A
 * time that the clocks skip is moved later by as much as they skip. Of a time that they show twice, the first is meant.
 */
const localClock = (zone: string, startAt: Instant): ((minutes: number) => Instant) => {
  const key = `${startAt} ${zone}`
  const known = clocks.get(key)
  if (known !== undefined) return known
  if (clocks.size >= MOST_CLOCKS) clocks.clear()
  const clock = createLocalClock(zone, startAt)
  clocks.set(key, clock)
  return clock
}

/** Hundreds of policies often have hours in one zone, and a zone takes long to ask. */
const clocks = new Map<string, (minutes: number) => Instant>()

/** Ten years both ways in forty zones. */
const MOST_CLOCKS = 10_000

const createLocalClock = (zone: string, startAt: Instant): ((minutes: number) => Instant) => {
  // A subtraction is a hundred times as fast as Temporal.
  const spells = [spellAt(zone, startAt)]
  return (minutes) => {
    const wall = minutes * MINUTE
    for (let index = 0; ; index++) {
      const { offsetMs, until } = (spells[index] ??= spellAt(zone, spells[index - 1]?.until ?? startAt))
      const at = wall - offsetMs
      if (at < until) return at
      const next = (spells[index + 1] ??= spellAt(zone, until))
      // The clocks skip a time that is over by the old offset and not there yet by the new one.
      if (wall - next.offsetMs < until) return at
    }
  }
}

/** The offset of a zone from an instant until before its clocks change. */
const spellAt = (zone: string, at: Instant): { readonly offsetMs: number; readonly until: Instant } => {
  const start = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone)
  const until = start.getTimeZoneTransition('next')?.epochMilliseconds ?? NEVER
  return { offsetMs: start.offsetNanoseconds / 1_000_000, until }
}

/** Alternating openings and closings. Spans that overlap or touch are merged. */
const union = (spans: Span[]): Instant[] => {
  const changes: Instant[] = []
  for (const { openAt, closeAt } of spans.sort((a, b) => a.openAt - b.openAt)) {
    const lastCloseAt = changes.at(-1)
    if (lastCloseAt === undefined || openAt > lastCloseAt) changes.push(openAt, closeAt)
    else changes[changes.length - 1] = Math.max(lastCloseAt, closeAt)
  }
  return changes
}

/** How many of the ascending instants are not after `t`. */
const countUpTo = (ascending: readonly Instant[], t: Instant): number => {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ascending[middle] ?? NEVER) <= t) low = middle + 1
    else high = middle
  }
  return low
}

/** Reads `07:30-18:30`, `22:00-02:00` (into the next day) or `00:00-24:00`. */
export const parseHours = (text: string): Parsed<Pick<LocalWindow, 'fromMinute' | 'toMinute'>> => {
  const [, from, to] = /^(\d\d:\d\d)-(\d\d:\d\d)$/.exec(text) ?? []
  const fromMinute = minuteOf(from)
  const toMinute = to === '24:00' ? MINUTES_A_DAY : minuteOf(to)
  if (fromMinute === undefined || toMinute === undefined) {
    const hint = from === '24:00' ? ' (24:00 may only be the end)' : ''
    return { problem: `${JSON.stringify(text)} is not a span of hours: write HH:MM-HH:MM, such as 07:30-18:30${hint}` }
  }
  if (fromMinute === toMinute) {
    return { problem: `${JSON.stringify(text)} ends where it begins: write 00:00-24:00 for the whole day` }
  }
  return { value: { fromMinute, toMinute: toMinute === 0 ? MINUTES_A_DAY : toMinute } }
}

const minuteOf = (text = ''): number | undefined => {
  const [, hour, minute] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? []
  return hour === undefined ? undefined : Number(hour) * 60 + Number(minute)
}

/**
 * The names that were accepted. To ask Intl costs as much as to bind the rest of a policy, and the first question takes 16
 * ms. Every runtime knows UTC, the default.
 */
const accepted = new Set(['UTC'])

/** Reads an IANA name, also an outdated one, in any case. The value is the name as it was written. */
export const parseTimeZone = (name: string): Parsed<string> => {
  if (accepted.has(name)) return { value: name }
  // Newer runtimes accept "+01:00" as a zone, so offsets are refused before Intl sees them.
  if (/^(?:z|(?:utc|gmt)?[+-].*)$/i.test(name)) {
    const instead = 'write an IANA name, such as Europe/Berlin, or UTC'
    return { problem: `${JSON.stringify(name)} is an offset, which ignores summer time: ${instead}` }
  }
  if (isZoneOf(name, intlZone) && isZoneOf(name, temporalZone)) {
    accepted.add(name)
    return { value: name }
  }
  const instead = 'write the IANA name of a place, such as Europe/Berlin, or UTC'
  return isZoneOf(name, intlZone)
    ? { problem: `${JSON.stringify(name)} is an abbreviation, which several zones share: ${instead}` }
    : { problem: `${JSON.stringify(name)} is not a time zone: ${instead}` }
}

const isZoneOf = (name: string, use: (name: string) => unknown): boolean => {
  try {
    use(name)
    return true
  } catch {
    return false
  }
}

/** Intl accepts abbreviations such as BST, which Temporal refuses. */
const intlZone = (name: string) => new Intl.DateTimeFormat('en', { timeZone: name })

/** Windows are computed by Temporal, so Temporal decides. It would also read the zone from a date with a zone. */
const temporalZone = (name: string) => Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name)

/** The names to suggest to an operator. parseTimeZone accepts more. */
export const knownTimeZones = (): readonly string[] =>
  (knownZones ??= [...new Set([...Intl.supportedValuesOf('timeZone'), 'UTC'])])

let knownZones: readonly string[] | undefined
