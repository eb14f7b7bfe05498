import type { CurfewEvent, RefusedReload } from '../../app/events.ts'
import type { Connection } from '../../domain/connection.ts'
import type { Violation } from '../../domain/judge/violation.ts'
import { withoutPrefix } from '../../domain/names/pattern.ts'
import { POLICY_KINDS } from '../../domain/policies/registry.ts'
import { withheld } from '../../domain/withheld.ts'

type PseudonymOf = (name: string) => string

/** The reasons whose words quote an entry of a list of users and its `reason`. */
const QUOTING = new Set(POLICY_KINDS.filter(({ namesUsers }) => namesUsers).map(({ reason }) => reason))

/** `file:line:column: error`, with which each problem of a file begins. The rest may quote a line of the file. */
const PLACE = /^.+?:\d+:\d+: (?:error|warning)(?=: )/

const FAULT = 'a fault in Curfew, please report it (its message is withheld, because it may name people)'

/** The problems of a refused configuration as they are shown where names are not. */
export const namelessProblems = ({ source, problems }: RefusedReload): readonly string[] => {
  if (source === 'secrets') return problems
  if (source === 'fault') return [FAULT]
  return problems.map((problem) => `${PLACE.exec(problem)?.[0] ?? 'error'}: ${withheld('curfew validate')}`)
}

/**
 * The event as the log may show it where names are pseudonyms. Texts of AWS and of files are withheld: nobody can tell
 * which words in them are names. Names of policies, endpoints and files are the operator's, and stay.
 */
export const withoutNames = (event: CurfewEvent, pseudonymOf: PseudonymOf): CurfewEvent => {
  const named = <Names extends Pick<Connection, 'username' | 'commonName'>>(one: Names): Names => ({
    ...one,
    username: one.username === undefined ? undefined : pseudonymOf(one.username),
    commonName: one.commonName === undefined ? undefined : pseudonymOf(one.commonName),
  })
  const violation = (one: Violation): Violation => ({
    ...named(one),
    because: QUOTING.has(one.reason) ? withheld('the audit trail') : one.because,
  })
  switch (event.event) {
    case 'violation':
    case 'warning':
    case 'warned':
    case 'not-warned':
    case 'extended':
    case 'accepted':
    case 'also-ended':
    case 'termination':
      return { ...event, violation: violation(event.violation) }
    case 'held':
      return { ...event, examples: event.examples.map(violation) }
    case 'call-answered':
    case 'call-withdrawn': {
      const { call } = event
      const [first, ...others] = call.decisions
      const decision = (one: typeof first) => ({ ...one, connection: named(one.connection) })
      const shown = { ...call, decisions: [decision(first), ...others.map(decision)] as const }
      if (event.event === 'call-withdrawn') return { ...event, call: shown }
      return { ...event, call: shown, message: event.nameless }
    }
    case 'reconnected':
      return { ...event, connection: named(event.connection) }
    case 'near-miss': {
      const { entry, example } = event.nearMiss
      return {
        ...event,
        nearMiss: { ...event.nearMiss, entry: pseudonymOf(withoutPrefix(entry)), example: named(example) },
      }
    }
    case 'calls-dropped':
      return {
        ...event,
        calls: event.calls.map((call) => ({
          ...call,
          principal: call.principal?.replace(/(?<=^(?:user|cn):).*/s, pseudonymOf),
        })),
      }
    case 'reload-refused':
      return { ...event, problems: namelessProblems(event) }
    case 'poll-failed':
    case 'discovery-failed':
    case 'tags-unread':
    case 'lookup-failed':
      return { ...event, message: event.nameless }
    case 'lookups-distrusted':
      return { ...event, answer: event.answer && { ...event.answer, message: event.answer.nameless } }
    case 'blind':
      return { ...event, because: event.nameless }
    // The names in these three are not logged.
    case 'list-changed':
    case 'polled':
    case 'decided':
    // These are about no connection, or have only its id.
    case 'extension-refused':
    case 'started':
    case 'reloaded':
    case 'stopping':
    case 'stopped':
    case 'mode-obeyed':
    case 'engine-joined':
    case 'engine-away':
    case 'engine-refused':
    case 'engine-beat':
    case 'generation':
    case 'tenure-began':
    case 'tenure-ended':
    case 'endpoints-changed':
    case 'endpoint-overlap':
    case 'selection-changed':
    case 'unmatched-entries':
    case 'permission-missing':
    case 'permission-granted':
    case 'poll-skipped':
    case 'looked-up':
    case 'lookups-resumed':
    case 'unknown-status':
    case 'unread-value':
    case 'more-near-misses':
    case 'released':
    case 'queue':
    case 'unwritable':
    case 'writable':
    case 'state-set-aside':
    case 'audit-head':
    case 'lock-lost':
    case 'audit-records-lost':
    case 'clock-skew':
      return event
  }
}
