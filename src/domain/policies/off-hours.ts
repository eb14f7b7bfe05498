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
      description: 'mon-fri, sat, or a list of days. Default: every day.',
      examples: ['mon-fri', ['sat', 'sun']],
    }),
  hours: z
    .string()
    .optional()
    .meta({
      description: '07:30-18:30 on the wall clock; 22:00-02:00 runs past midnight. Default: the whole day.',
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
  // `when` makes this check run even after another check has failed, so that every problem is reported in one go.
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
      '"closed" goes with "allowed" only: beside "denied" it would allow connections on the closed dates, so remove it',
    )
  }
  const calendars = closed.flatMap((name, index) => shared.calendar(name, ['closed', index]) ?? [])
  return {
    zone: read(parseTimeZone(written.timeZone), ['timeZone'], knownTimeZones()) ?? 'UTC',
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
    // All connections of one decision share the state of the windows, so it is computed once per instant.
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
        // An established time that is missing or in the future proves nothing. The last change of the windows counts then.
        if (establishedAt !== undefined && establishedAt <= now) {
          return { word: 'violated', since: Math.max(since, establishedAt), until }
        }
        return { word: 'violated', since: Number.isFinite(since) ? since : (history.firstSeenAt(id) ?? now), until }
      },
      because(_connection, { word }, now) {
        const { since, until } = stateAt(now)
        const from = Number.isFinite(since) ? ` since ${localText(since, rule.zone)}` : ''
        const to = until === NEVER ? ', with no end within ten years' : ` until ${localText(until, rule.zone)}`
        return `${word === 'fine' ? 'within' : 'outside'} the allowed hours${from}${to} (${rule.zone})`
      },
    }
    return () => judge
  },
})
