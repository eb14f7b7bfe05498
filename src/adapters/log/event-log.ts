import type { Logger } from 'pino'
import { describe } from '../../app/endpoint-watch.ts'
import type { CurfewEvent, Endpoint } from '../../app/events.ts'
import { toIso } from '../../domain/instant.ts'

const placed = ({ id, name, region }: Endpoint) => ({ endpointId: id, name, region })

const iso = (at: number | null) => (at === null ? null : toIso(at))

/** Every event as one line of the log, in the words of the policies. What happens each cycle is `debug`. */
export const createEventLog =
  (log: Logger) =>
  (event: CurfewEvent): void => {
    switch (event.event) {
      case 'started':
      case 'reloaded':
        log.info(
          {
            event: event.event,
            mode: event.mode,
            policies: event.policies,
            endpoints: event.endpoints.map(({ id }) => id),
            policySetHash: event.policySetHash,
          },
          event.event === 'started'
            ? `watching ${event.endpoints.length} endpoint(s) in mode ${event.mode}`
            : `new configuration taken, mode ${event.mode}`,
        )
        break
      case 'users-file-changed': {
        const { file, entries, came, went } = event
        log.info({ event: event.event, file, entries, came, went }, `${came} entries came and ${went} went in ${file}`)
        break
      }
      case 'reload-refused':
        log.error(
          { event: event.event, problems: event.problems },
          `the new configuration has ${event.problems.length} problem(s) and was not taken: the last good one stays in force`,
        )
        break
      case 'stopping':
        log.info({ event: event.event, inFlight: event.inFlight }, 'stopping: no new calls')
        break
      case 'stopped':
        log.info({ event: event.event }, 'stopped')
        break
      case 'polled': {
        const { connections, begunAt, completedAt } = event.snapshot
        log.debug(
          {
            event: event.event,
            ...placed(event.endpoint),
            rows: connections.length,
            durationMs: completedAt - begunAt,
          },
          'snapshot complete',
        )
        break
      }
      case 'poll-failed': {
        const { endpoint, code, failures, blind, message } = event
        log[blind ? 'error' : 'warn'](
          { event: event.event, ...placed(endpoint), code, failures, blind },
          blind ? `BLIND, nothing is ended on ${endpoint.name}: ${message}` : message,
        )
        break
      }
      case 'poll-skipped':
        log.debug({ event: event.event, ...placed(event.endpoint), reason: event.reason }, 'poll skipped')
        break
      case 'unknown-status':
        log.warn(
          { event: event.event, ...placed(event.endpoint), status: event.status },
          'AWS gave a connection status that Curfew does not know; such connections count as active',
        )
        break
      case 'near-miss': {
        const { connection, policy, entry } = event.nearMiss
        const { id: connectionId, username = null, commonName = null } = connection
        log.warn(
          {
            event: event.event,
            ...placed(event.endpoint),
            connectionId,
            username,
            commonName,
            policy: policy.name,
            entry,
          },
          `"${entry}" names this connected person in part only: did you mean it?`,
        )
        break
      }
      case 'decided': {
        const { active, violating } = event.decisions
        log.debug({ event: event.event, ...placed(event.endpoint), active, violating: violating.length }, 'decided')
        break
      }
      case 'violation': {
        const { endpoint, decision, policy, reason, mode, because, at } = event
        const { connectionId, username, commonName } = describe(decision, at)
        log.info(
          {
            event: event.event,
            ...placed(endpoint),
            connectionId,
            username,
            commonName,
            policy,
            reason,
            mode,
            because,
          },
          mode === 'enforce' ? 'must end' : 'would end, but the mode is audit',
        )
        break
      }
      case 'call-answered': {
        const { endpoint, decision, selector, outcome, message, requestId, at } = event
        const { connectionId, policy } = describe(decision, at)
        const level = outcome === 'accepted' ? 'debug' : outcome === 'denied' ? 'error' : 'warn'
        log[level](
          { event: event.event, ...placed(endpoint), connectionId, policy, selector, outcome, requestId },
          message ?? 'termination accepted',
        )
        break
      }
      case 'termination': {
        const { endpoint, decision, outcome, attempts, at } = event
        const told = describe(decision, at)
        log[outcome === 'gave-up' || outcome === 'failed' ? 'error' : 'info'](
          {
            event: event.event,
            ...placed(endpoint),
            ...told,
            since: iso(told.since),
            deadline: iso(told.deadline),
            outcome,
            attempts,
          },
          WORDS[outcome],
        )
        break
      }
      case 'queue':
        log.trace({ event: event.event, region: event.region, length: event.length, etaSeconds: event.etaSeconds })
        break
    }
  }

const WORDS = {
  confirmed: 'ended, and a later snapshot proves it',
  'already-gone': 'was gone before the call',
  failed: 'AWS refused to end it; it is tried again',
  'gave-up': 'could not be ended; tried again in five minutes as long as it is condemned',
} as const
