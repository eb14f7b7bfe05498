import * as z from 'zod'
import { closedDates, type Parsed } from '../time/calendar.ts'
import type { Hours } from '../time/hours.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { localText } from '../time/local-text.ts'
import {
  createTimeWindows,
  EVERY_DAY,
  knownTimeZones,
  type LocalWindow,
  parseDays,
  parseHours,
  parseTimeZone,
  WHOLE_DAY,
  type WindowState,
} from '../time/time-window.ts'
import { definePolicyKind, type Judge, type Shared } from './policy.ts'

const window = z.strictObject({
  days: z
    .union([z.string(), z.array(z.string()).min(1)])
    .optional()
    .meta({
      description: 'mon-fri, sat, or a list of days; without it every day.',
      examples: ['mon-fri', ['sat', 'sun']],
    }),
  hours: z
    .string()
    .optional()
    .meta({
      description: '07:30-18:30 on the wall clock; 22:00-02:00 runs past midnight; without it the whole day.',
      examples: ['07:30-18:30'],
    }),
})

const keys = z
  .strictObject({
    timeZone: z.string().meta({ description: 'An IANA name such as Europe/Berlin.' }),
    allowed: z.array(window).min(1).optional().meta({ description: 'When people may be connected.' }),
    denied: z.array(window).min(1).optional().meta({ description: 'When people may not be connected.' }),
    closed: z
      .array(z.string())
      .min(1)
      .optional()
      .meta({ description: 'Calendars on whose dates no window of `allowed` opens.' }),
  })
  // Asked also when something else is wrong with the policy, so that every problem is reported in one go.
  .refine((written) => written.allowed !== undefined || written.denied !== undefined, {
    when: () => true,
    message: 'no hours are given: write "allowed" or "denied", exactly one of the two',
  })

const bind = (written: z.output<typeof keys>, shared: Shared): Hours => {
  const read = <Value>(
    parsed: Parsed<Value>,
    path: readonly (string | number)[],
    known?: readonly string[],
  ): Value | undefined => {
    if ('value' in parsed) return parsed.value
    shared.problem(path, parsed.problem, known)
    return undefined
  }
  const windowsOf = (list: 'allowed' | 'denied') =>
    (written[list] ?? []).map(
      ({ days, hours }, index): LocalWindow => ({
        days: (days === undefined ? undefined : read(parseDays(days), [list, index, 'days'])) ?? EVERY_DAY,
        ...((hours === undefined ? undefined : read(parseHours(hours), [list, index, 'hours'])) ?? WHOLE_DAY),
      }),
    )

  const { allowed, denied, closed = [] } = written
  if (allowed !== undefined && denied !== undefined) {
    shared.problem(['denied'], 'write either "allowed" or "denied", exactly one of the two')
  }
  if (denied !== undefined && closed.length > 0) {
    shared.problem(
      ['closed'],
      '"closed" goes with "allowed" only: on a closed date no window opens, and people who write it beside "denied" mean the opposite',
    )
  }
  const calendars = closed.flatMap((name, index) => shared.calendar(name, ['closed', index]) ?? [])
  return {
    zone: read(parseTimeZone(written.timeZone), ['timeZone'], knownTimeZones()) ?? 'UTC',
    /** What an open window means. */
    open: allowed === undefined ? 'violated' : 'fine',
    windows: [...windowsOf('allowed'), ...windowsOf('denied')],
    calendars,
    closed: closedDates(calendars),
  }
}

export const offHours = definePolicyKind({
  kind: 'off-hours',
  reason: 'off-hours',
  rank: 70,
  scope: 'principal',
  facts: 'immutable',
  foreseeable: true,
  summary: 'Ends connections outside the hours in which they are allowed, on the wall clock of a time zone.',
  keys,
  fileKeys: [],
  namesUsers: false,
  bind,
  hours: (rule) => rule,
  judge: (rule) => {
    const windows = createTimeWindows(rule.zone, rule.windows, rule.closed)
    // The state of the windows is the same for all connections of one decision: asked once per instant.
    let askedAt: Instant | undefined
    let state: WindowState
    const stateAt = (now: Instant) => {
      if (askedAt !== now) state = windows.at(now)
      askedAt = now
      return state
    }
    const judge: Judge = {
      find({ id, establishedAt }, history, now) {
        const { open, since, until } = stateAt(now)
        if (open === (rule.open === 'fine')) return { word: 'fine', until }
        // An established time that is missing or in the future says nothing: the window's own change does.
        if (establishedAt !== undefined && establishedAt <= now) {
          return { word: 'violated', since: Math.max(since, establishedAt), until }
        }
        return { word: 'violated', since: Number.isFinite(since) ? since : (history.firstSeenAt(id) ?? now), until }
      },
      because(_connection, { word }, now) {
        const { since, until } = stateAt(now)
        const began = Number.isFinite(since) ? `since ${localText(since, rule.zone)}` : 'as far back as it matters'
        const ends = until === NEVER ? 'for good' : `until ${localText(until, rule.zone)}`
        return `${word === 'fine' ? 'allowed' : 'outside the allowed'} hours ${began}, ${ends} (${rule.zone})`
      },
    }
    return () => judge
  },
})
