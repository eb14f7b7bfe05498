import { type LoggerOptions, pino } from 'pino'
import type { Clock } from '../../app/clock.ts'
import type { Emit } from '../../app/events.ts'
import type { PolicyFactsOf } from '../../app/policy-facts.ts'
import { quotedName } from '../../domain/names/shown-name.ts'
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
  readonly connectionId?: string
  readonly unit?: string
  readonly username?: string
  readonly commonName?: string
  readonly policy?: string
  readonly mode?: string
  readonly outcome?: string
  readonly how?: string
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
  'lookup-failed',
  'lookups-distrusted',
  'lookups-resumed',
  'blind',
  'unknown-status',
  'more-near-misses',
  'released',
  'unwritable',
  'writable',
  'state-set-aside',
  'lock-lost',
  'audit-records-lost',
  'engine-joined',
  'engine-away',
  'engine-refused',
  'generation',
  'tenure-began',
  'tenure-ended',
  'clock-skew',
  'stopping',
])

/** Events about one connection, call or unit, of which there may be thousands at once: they are joined with names too. */
const JOINED: ReadonlySet<string> = new Set([
  'violation',
  'warning',
  'extended',
  'extension-refused',
  'termination',
  'also-ended',
  'call-answered',
  'reconnected',
  'tenure-began',
  'tenure-ended',
])

/** How many people a row of joined events names. */
const NAMED = 3

/** An entry of the list: equal events, whom they are about, and how many connections or, without any, events. */
interface Row extends RecentEvent {
  readonly key: string | undefined
  readonly times: number
  readonly connections: Set<string>
  readonly people: Set<string>
}

/**
 * The last twenty events that the log has at level `info` and above. Without `names`, messages that name users are
 * replaced by a count of the connections of equal events. With names, so are equal events about many.
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
  const recent: Row[] = []

  const add = (fields: Fields, message: string, level: RecentEvent['level']) => {
    const { event, vpn_endpoint, policy, mode, outcome, how } = fields
    if (LEFT_OUT.has(event)) return
    const at = clock.now()
    const isJoined = JOINED.has(event)
    const key = names && !isJoined ? undefined : JSON.stringify([event, vpn_endpoint, policy, mode, outcome, how])
    const equal = recent.findIndex((one) => one.key !== undefined && one.key === key && at - one.at <= TOGETHER_MS)
    const [before] = equal === -1 ? [] : recent.splice(equal, 1)
    const times = (before?.times ?? 0) + 1
    const { connectionId, username, commonName } = fields
    const connections = before?.connections ?? new Set<string>()
    const people = before?.people ?? new Set<string>()
    // A connection may be warned of twice, and AWS may refuse to end it twice.
    const subject = connectionId ?? fields.unit
    // A unit may come and go.
    if (subject !== undefined) connections.add(subject)
    if (names) people.add(username ?? commonName ?? connectionId ?? '')
    const told = event === 'extension-refused' || connections.size === 0 ? times : connections.size
    const isShown = names || NAMELESS.has(event)
    const isTold = times === 1 || (fields.unit !== undefined && told === 1) ? isShown : NAMELESS.has(event) && !isJoined
    const text = isTold || (names && key === undefined) ? message : `${namelessText(fields, told)}${listOf(people)}`
    recent.push({ at, level, event, text, key, times, connections, people })
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

const listOf = (people: ReadonlySet<string>): string => {
  const named = [...people].filter((name) => name !== '')
  if (named.length === 0) return ''
  const others = named.length - NAMED
  return ` (${named.slice(0, NAMED).map(quotedName).join(', ')}${others > 0 ? ` and ${others} more` : ''})`
}

const namelessText = (fields: Fields, times: number): string => {
  const { event, name = '', policy, mode = '', outcome = '', how = '', count = 1 } = fields
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
      return callText(name, outcome, times)
    case 'extended':
      return `${connections} on ${name} ${were} extended by ${times === 1 ? 'its user' : 'their users'}: ${by}`
    case 'extension-refused':
      return `${times === 1 ? 'an extension' : `${times} extensions`} under ${by} ${were} not granted: the log says why`
    case 'reconnected':
      return `a user on ${name} reconnected ${count === 1 ? '' : `${count} times in a row `}after ${by} had ended the connection`
    case 'held':
      return `HELD by the guard: ${by} would end ${fields.endsNow} of ${fields.active} connections on ${name} now, and ${fields.endsLater} more within 24h`
    case 'near-miss':
      return `entries of lists${by && ` of ${by}`} resemble connected users on ${name}, but do not match: the log names them`
    case 'tenure-began':
      return `this replica has taken ${times} units`
    case 'tenure-ended':
      return `this replica no longer holds ${times} units: ${TENURE_ENDS[how] ?? how}`
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

/** Outcomes of calls that AWS may have carried out all the same. */
const UNCERTAIN: ReadonlySet<string> = new Set(['timeout', 'unreachable', 'malformed', 'server-error', 'aborted'])

const callText = (name: string, outcome: string, times: number): string => {
  const calls = times === 1 ? 'a terminate call' : `${times} terminate calls`
  return UNCERTAIN.has(outcome)
    ? `${calls} on ${name} got no usable answer (${outcome}): AWS may have carried ${times === 1 ? 'it' : 'them'} out`
    : `AWS did not accept ${calls} on ${name}: ${outcome}`
}

const TENURE_ENDS: Readonly<Record<string, string>> = {
  returned: 'it gave them back',
  lost: 'the database may have given them to another replica',
  refused: 'their state or chains could not be taken over',
}

const EFFECTS: Readonly<Record<string, string>> = {
  enforce: 'must end',
  audit: 'would end, but the policy only reports',
  held: 'would end, but the guard holds the policy',
}

const OUTCOMES: Readonly<Record<string, (were: string) => string>> = {
  confirmed: (were) => `${were} ended, and a later answer of AWS proves it`,
  'already-gone': (were) => `${were} gone before the call`,
  failed: (were) => `${were} not ended, because AWS refused: Curfew tries again`,
  'gave-up': () => 'could not be ended: Curfew tries again every five minutes',
}
