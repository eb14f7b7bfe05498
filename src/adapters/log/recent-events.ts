import { type LoggerOptions, pino } from 'pino'
import type { Clock } from '../../app/clock.ts'
import type { Emit } from '../../app/events.ts'
import type { PolicyFactsOf } from '../../app/policy-facts.ts'
import { type Instant, MINUTE } from '../../domain/time/instant.ts'
import { createEventLog } from './event-log.ts'
import { withoutNames } from './without-names.ts'

/** One of the last events, in the words of the log. */
export interface RecentEvent {
  /** Of several equal events, the last. */
  readonly at: Instant
  readonly level: 'info' | 'warn' | 'error'
  readonly event: string
  readonly text: string
}

const MOST = 20

/** Equal events at most so far apart are one. At closing time there are thousands. */
const TOGETHER_MS = 10 * MINUTE

/** The fields of a line of the log that say what an event is about, but not whom. */
interface Fields {
  readonly event: string
  readonly vpn_endpoint?: string
  readonly name?: string
  readonly policy?: string
  readonly mode?: string
  readonly outcome?: string
  readonly count?: number
  readonly endsNow?: number
  readonly endsLater?: number
  readonly active?: number
}

/** Events that are of no use to a reader of the page, or are in it elsewhere. */
const LEFT_OUT: ReadonlySet<string> = new Set(['audit-head', 'stopped'])

/** Events whose message in the log names no user and no entry of a list of users. */
const NAMELESS: ReadonlySet<string> = new Set([
  'started',
  'reloaded',
  'mode-obeyed',
  'list-changed',
  'endpoints-changed',
  'endpoint-overlap',
  'discovery-failed',
  'tags-unread',
  'unmatched-entries',
  'selection-changed',
  'permission-missing',
  'permission-granted',
  'poll-failed',
  'blind',
  'unknown-status',
  'more-near-misses',
  'released',
  'unwritable',
  'writable',
  'state-set-aside',
  'lock-lost',
  'audit-records-lost',
  'clock-skew',
  'stopping',
])

/**
 * The last twenty events that the log has at level `info` and above. Without `names`, messages that name users are
 * replaced by a count of equal events.
 */
export const createRecentEvents = ({
  names,
  clock,
  factsOf,
}: {
  readonly names: boolean
  readonly clock: Pick<Clock, 'now'>
  readonly factsOf?: PolicyFactsOf
}) => {
  /** The newest last. */
  const recent: (RecentEvent & { readonly key: string | undefined; readonly times: number })[] = []

  const add = (fields: Fields, message: string, level: RecentEvent['level']) => {
    const { event, vpn_endpoint, policy, mode, outcome } = fields
    if (LEFT_OUT.has(event)) return
    const at = clock.now()
    const key = names ? undefined : JSON.stringify([event, vpn_endpoint, policy, mode, outcome])
    const equal = recent.findIndex((one) => one.key !== undefined && one.key === key && at - one.at <= TOGETHER_MS)
    const [before] = equal === -1 ? [] : recent.splice(equal, 1)
    const times = (before?.times ?? 0) + 1
    const text = names || NAMELESS.has(event) ? message : namelessText(fields, times)
    recent.push({ at, level, event, text, key, times })
    if (recent.length > MOST) recent.shift()
  }

  const options: LoggerOptions = {
    level: 'info',
    hooks: {
      // Nothing is written: only the arguments are kept.
      logMethod: ([fields, message], _write, level) =>
        add(fields as unknown as Fields, String(message), level >= 50 ? 'error' : level >= 40 ? 'warn' : 'info'),
    },
  }
  const log = createEventLog(pino(options, { write: () => {} }), factsOf)
  const observe: Emit = (event) => log(names ? event : withoutNames(event, () => '…'))

  return {
    observe,
    /** The newest first. */
    all: (): readonly RecentEvent[] =>
      recent.map(({ at, level, event, text }) => ({ at, level, event, text })).reverse(),
  }
}

const namelessText = (fields: Fields, times: number): string => {
  const { event, name = '', policy, mode = '', outcome = '', count = 1 } = fields
  const connections = times === 1 ? 'a connection' : `${times} connections`
  const were = times === 1 ? 'was' : 'were'
  const by = policy === undefined ? '' : `policy "${policy}"`
  switch (event) {
    case 'violation':
      return `${connections} on ${name} ${EFFECTS[mode] ?? mode}: ${by}`
    case 'warning':
      return `${connections} on ${name} will soon be ended by ${by}`
    case 'termination':
      return `${connections} on ${name} ${OUTCOMES[outcome]?.(were) ?? outcome}: ${by}`
    case 'also-ended':
      return `${connections} on ${name} ${were} ended by a call for a user name, newer than the snapshot: ${by}`
    case 'call-answered':
      return `AWS refused ${times === 1 ? 'a terminate call' : `${times} terminate calls`} on ${name}: ${outcome}`
    case 'reconnected':
      return `a user on ${name} reconnected ${count === 1 ? '' : `${count} times in a row `}after ${by} had ended the connection`
    case 'held':
      return `HELD by the guard: ${by} would end ${fields.endsNow} of ${fields.active} connections on ${name} now, and ${fields.endsLater} more within 24h`
    case 'near-miss':
      return `entries of lists${by && ` of ${by}`} resemble connected users on ${name}, but do not match: the log names them`
    case 'reload-refused':
      return 'the new configuration was refused: the last good one stays in force'
    default:
      return [
        event,
        ...(name === '' ? [] : [`on ${name}`]),
        ...(by === '' ? [] : [by]),
        'the log has the details',
      ].join(': ')
  }
}

const EFFECTS: Readonly<Record<string, string>> = {
  enforce: 'must end',
  audit: 'would end, but the mode is audit',
  held: 'would end, but the guard holds the policy',
}

const OUTCOMES: Readonly<Record<string, (were: string) => string>> = {
  confirmed: (were) => `${were} ended, and a later snapshot proves it`,
  'already-gone': (were) => `${were} gone before the call`,
  failed: (were) => `${were} not ended, because AWS refused: Curfew tries again`,
  'gave-up': () => 'could not be ended: Curfew tries again every five minutes',
}
