import type { Logger } from 'pino'
import type { CurfewEvent, Endpoint } from '../../app/events.ts'
import type { Violation } from '../../app/violation.ts'
import { type Instant, toIso } from '../../domain/time/instant.ts'

/** The names of the metrics' labels. */
const on = ({ id, name, account, region }: Endpoint) => ({ vpn_endpoint: id, name, account, region })

const iso = (at: Instant | undefined) => (at === undefined ? undefined : toIso(at))

const told = ({ since, deadline, ...rest }: Violation) => ({ ...rest, since: iso(since), deadline: iso(deadline) })

/** How many names a line of the log may hold. */
const NAMES = 10

const namesOf = (violations: readonly Violation[]) => ({
  connections: violations.length,
  names: violations
    .slice(0, NAMES)
    .map(({ username, commonName, connectionId }) => username ?? commonName ?? connectionId),
})

/** From the third time on the loop as a whole is told, not each of its turns. */
const isLoop = (repeats: number) => repeats >= 3

const isPowerOfTwo = (count: number) => (count & (count - 1)) === 0

/** Every event as one line of the log, in the words of the policies. What happens each cycle is `debug`. */
export const createEventLog =
  (log: Logger) =>
  (happened: CurfewEvent): void => {
    const { event } = happened
    switch (happened.event) {
      case 'started':
      case 'reloaded': {
        const { mode, policies, endpoints, policySetHash } = happened
        const what = `${policies} policies on ${endpoints.length} endpoint(s) in mode ${mode}`
        log.info(
          { event, mode, policies, endpoints: endpoints.map(({ id }) => id), policySetHash },
          happened.event === 'started' ? `watching: ${what}` : `new configuration taken: ${what}`,
        )
        break
      }
      case 'users-file-changed': {
        const { file, entries, added, removed } = happened
        log.info({ event, file, entries, added, removed }, `${added} entries added and ${removed} removed in ${file}`)
        break
      }
      case 'reload-refused':
        log.error(
          { event, problems: happened.problems },
          `the new configuration has ${happened.problems.length} problem(s) and was not taken: the last good one stays in force`,
        )
        break
      case 'endpoints-changed': {
        const [watched, gone] = [happened.endpoints.map(({ id }) => id), happened.gone.map(({ id }) => id)]
        log.info({ event, endpoints: watched, gone }, 'the endpoints to watch have changed')
        break
      }
      case 'discovery-failed':
        log.warn({ event, region: happened.region }, `the last list of endpoints stays in force: ${happened.message}`)
        break
      case 'permission-missing':
        log.error(
          { event, ...on(happened.endpoint), action: happened.action },
          `IAM does not allow ${happened.action} on this endpoint: allow it before it is needed`,
        )
        break
      case 'permission-granted':
        log.info(
          { event, ...on(happened.endpoint), action: happened.action },
          `IAM allows ${happened.action} on this endpoint now`,
        )
        break
      case 'stopping':
        log.info({ event, inFlight: happened.inFlight }, 'stopping: no new calls')
        break
      case 'stopped':
        log.info({ event }, 'stopped')
        break
      case 'polled': {
        const { connections, begunAt, completedAt } = happened.snapshot
        const rows = connections.length
        log.debug({ event, ...on(happened.endpoint), rows, durationMs: completedAt - begunAt }, 'snapshot complete')
        break
      }
      case 'poll-failed': {
        const { endpoint, code, failures, blind, retryAt, message } = happened
        log[blind ? 'error' : 'warn']({ event, ...on(endpoint), code, failures, blind, retryAt: iso(retryAt) }, message)
        break
      }
      case 'blind':
        log.error(
          { event, ...on(happened.endpoint), because: happened.because },
          `BLIND: nothing is ended on ${happened.endpoint.name} until it can be read again: ${happened.because}`,
        )
        break
      case 'poll-skipped':
        log.debug({ event, ...on(happened.endpoint), reason: happened.reason }, 'poll skipped')
        break
      case 'unknown-status':
        log.warn(
          { event, ...on(happened.endpoint), status: happened.status },
          'AWS gave a connection status that Curfew does not know; such connections count as active',
        )
        break
      case 'near-miss': {
        const { connection, policy, entry } = happened.nearMiss
        const { id: connectionId, username, commonName } = connection
        log.warn(
          { event, ...on(happened.endpoint), connectionId, username, commonName, policy: policy.name, entry },
          `"${entry}" names this connected person in part only: did you mean it?`,
        )
        break
      }
      case 'decided': {
        const { active, violating } = happened.decisions
        log.debug({ event, ...on(happened.endpoint), active, violating: violating.length }, 'decided')
        break
      }
      case 'violation': {
        const { endpoint, violation, mode, repeats } = happened
        log[isLoop(repeats) ? 'debug' : 'info'](
          { event, ...on(endpoint), ...told(violation), mode },
          mode === 'enforce' ? 'must end' : 'would end, but the mode is audit',
        )
        break
      }
      case 'warning': {
        const { endpoint, violation, leadMs, endsAt } = happened
        log.info({ event, ...on(endpoint), ...told(violation), leadMs, endsAt: iso(endsAt) }, 'ends soon')
        break
      }
      case 'held': {
        const { endpoint, policy, violations, active } = happened
        log.warn(
          { event, ...on(endpoint), policy, active, ...namesOf(violations) },
          `HELD by the guard: "${policy}" would end ${violations.length} of ${active} after the fact. Mend the policy, or write "guard: off" in it if it is meant`,
        )
        break
      }
      case 'released': {
        const { endpoint, verdicts } = happened
        const policies = [...new Set(verdicts.map(({ policy }) => policy))]
        log.info({ event, ...on(endpoint), policies, connections: verdicts.length }, 'held no longer')
        break
      }
      case 'call-answered': {
        const { endpoint, call, outcome, message, requestId } = happened
        const level = outcome === 'accepted' ? 'debug' : outcome === 'denied' ? 'error' : 'warn'
        const connectionIds = call.decisions.map(({ connection }) => connection.id)
        log[level](
          { event, ...on(endpoint), connectionIds, selector: call.selector, outcome, requestId },
          message ?? 'termination accepted',
        )
        break
      }
      case 'accepted':
        log.debug({ event, ...on(happened.endpoint), ...told(happened.violation) }, 'termination accepted')
        break
      case 'also-ended':
        log.info(
          { event, ...on(happened.endpoint), ...told(happened.violation), requestId: happened.requestId },
          'ended by the same call of its user: it came after the snapshot',
        )
        break
      case 'call-withdrawn': {
        const { endpoint, call, why } = happened
        const connectionIds = call.decisions.map(({ connection }) => connection.id)
        log.debug({ event, ...on(endpoint), connectionIds, why }, 'the call did not leave')
        break
      }
      case 'termination': {
        const { endpoint, violation, outcome, attempts, repeats, requestId } = happened
        const level = outcome === 'gave-up' || outcome === 'failed' ? 'error' : isLoop(repeats) ? 'debug' : 'info'
        log[level]({ event, ...on(endpoint), ...told(violation), outcome, attempts, requestId }, WORDS[outcome])
        break
      }
      case 'reconnected': {
        const { endpoint, connection, policy, count } = happened
        const { id: connectionId, username, commonName } = connection
        const level = !isPowerOfTwo(count) ? 'debug' : isLoop(count) ? 'warn' : 'info'
        log[level](
          { event, ...on(endpoint), connectionId, username, commonName, policy, count },
          isLoop(count)
            ? `came back ${count} times in a row: deny it at the connect handler or the identity provider`
            : 'came back after a cut',
        )
        break
      }
      case 'queue':
        log.trace({ ...happened }, 'the queue of calls has changed')
        break
      case 'unwritable':
        log.error(
          { event, what: happened.what },
          happened.what === 'audit'
            ? `nothing is ended until the audit trail can be written again: ${happened.message}`
            : `what a restart must not forget cannot be written: ${happened.message}`,
        )
        break
      case 'writable':
        log.info({ event, what: happened.what }, 'it can be written again')
        break
      case 'clock-skew': {
        const { skewMs, warned, apart } = happened
        log[apart ? 'error' : warned ? 'warn' : 'info'](
          { event, skewMs, apart },
          apart
            ? 'the clocks of this host and of AWS are too far apart to know which is right: nothing is ended'
            : warned
              ? 'the clocks of this host and of AWS differ; AWS’s is followed'
              : 'the clocks of this host and of AWS agree again',
        )
        break
      }
    }
  }

const WORDS = {
  confirmed: 'ended, and a later snapshot proves it',
  'already-gone': 'was gone before the call',
  failed: 'AWS refused to end it; it is tried again',
  'gave-up': 'could not be ended; tried again in five minutes as long as it is violation',
} as const
