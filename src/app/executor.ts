import type { EndpointRules } from '../domain/judge/judge-endpoint.ts'
import type { Memory } from '../domain/judge/memory.ts'
import { rememberTermination } from '../domain/judge/take-in.ts'
import { type Violation, violationOf } from '../domain/judge/violation.ts'
import type { Plan, TerminateCall } from '../domain/terminate/plan.ts'
import type { Happening, TerminationReport } from '../domain/terminate/termination.ts'
import { type Instant, NEVER } from '../domain/time/instant.ts'
import type { AuditTrail } from './audit.ts'
import type { Clock } from './clock.ts'
import type { Endpoint } from './endpoint.ts'
import type { Emit } from './events.ts'
import type { Requester } from './termination-queue.ts'
import type { VpnError } from './vpn.ts'

/** The newest plan. Calls are checked against it just before they leave. */
interface Followed {
  /** No call of the plan leaves from this instant on. */
  readonly until: Instant
  /** The name of the leading policy, by connection. */
  readonly leads: ReadonlyMap<string, string>
  /** The number of connections of each user that the plan ends by name. */
  readonly users: ReadonlyMap<string, number>
}

const NOTHING: Followed = { until: -NEVER, leads: new Map(), users: new Map() }

/**
 * Carries out the plans of one endpoint: requests calls, records each before it leaves, and follows it to its outcome.
 */
export const createExecutor = (options: {
  readonly endpoint: Endpoint
  readonly vpn: Requester['vpn']
  readonly emit: Emit
  readonly audit: AuditTrail
  readonly memory: Memory
  readonly clock: Pick<Clock, 'now'>
  readonly rules: () => EndpointRules
  /** Whether the views that the call rests on allow termination. */
  readonly isSeen: (call: TerminateCall, now: Instant) => boolean
  readonly policySetHash: () => string
  /** How often in a row the principal has reconnected after a termination. */
  readonly repeatsOf: (violation: Violation) => number
  /** A call was withdrawn or has to be split: its connections need a new plan. */
  readonly onWithdrawn: (now: Instant) => void
}) => {
  const { endpoint, emit, audit, memory, clock, rules, repeatsOf } = options
  const { terminations } = memory
  let followed = NOTHING

  const violationsOf = ({ decisions }: TerminateCall, now: Instant): readonly Violation[] =>
    decisions.map((decision) => violationOf(decision, now, decision.lead))

  const idsOf = ({ decisions }: TerminateCall) => decisions.map(({ connection: { id } }) => id)

  const report = (reports: readonly TerminationReport[], at: Instant) => {
    for (const one of reports) {
      emit({ event: 'termination', endpoint, ...one, repeats: repeatsOf(one.violation), at })
    }
  }

  const happen = (call: TerminateCall, happening: Happening, now: Instant) => {
    for (const id of idsOf(call)) report(terminations.happen(id, happening, now, rules().retry), now)
  }

  const isWanted = (call: TerminateCall, now: Instant): boolean => {
    if (rules().mode !== 'enforce' || !options.isSeen(call, now) || now >= followed.until) return false
    if (call.username !== undefined && followed.users.get(call.username) !== call.decisions.length) return false
    // The policy in the recorded intent must still be the leading policy when the call leaves.
    return call.decisions.every(({ connection: { id }, lead }) => followed.leads.get(id) === lead.policy.name)
  }

  /** The queue took the call back. A plan that was made while it was out may have no such call, and the queue would drop it. */
  const waitsAgain = (call: TerminateCall, at: Instant) => {
    if (!isWanted(call, at)) options.onWithdrawn(at)
  }

  const requester: Requester = {
    vpn: options.vpn,
    isWanted,
    mayLeave: (call, now) => isWanted(call, now) && idsOf(call).every((id) => terminations.mayLeave(id, now)),

    taken(call, callId, now) {
      for (const violation of violationsOf(call, now)) {
        const { connectionId } = violation
        terminations.happen(
          connectionId,
          { what: 'taken', violation, callId, selector: call.selector },
          now,
          rules().retry,
        )
      }
    },

    async intend(call, callId) {
      const time = clock.now()
      const { id: endpointId, account, region } = endpoint
      const policySetHash = options.policySetHash()
      const about = { time, endpointId, account, region, call: { id: callId, selector: call.selector }, policySetHash }
      await audit.write(violationsOf(call, time).map((violation) => ({ ...about, ...violation, event: 'intent' })))
    },

    left: (call, now) => happen(call, { what: 'left' }, now),

    answered(call, callId, { requestId, statuses }, at) {
      const [first] = violationsOf(call, at)
      for (const [index, violation] of violationsOf(call, at).entries()) {
        const { connectionId } = violation
        report(terminations.happen(connectionId, { what: 'accepted', requestId }, at, rules().retry), at)
        const termination = terminations.of(connectionId)
        const leftAt = termination?.state === 'unproven' ? termination.leftAt : at
        rememberTermination(memory, rules().set.policies, violation, leftAt)
        const established = call.decisions[index]?.connection.establishedAt
        emit({ event: 'accepted', endpoint, violation, established, at })
      }
      emit({
        event: 'call-answered',
        endpoint,
        call,
        outcome: 'accepted',
        message: undefined,
        nameless: undefined,
        requestId,
        at,
      })
      // A call by user name also ends connections established after the decision. They have no intent of their own.
      const known = new Set(idsOf(call))
      for (const { connectionId } of statuses) {
        if (known.has(connectionId) || first === undefined) continue
        emit({ event: 'also-ended', endpoint, violation: { ...first, connectionId }, callId, requestId, at })
      }
    },

    failed(call, failure, at) {
      const { code, message, nameless, requestId } = failure
      emit({ event: 'call-answered', endpoint, call, outcome: code, message, nameless, requestId, at })
      if (needsCallById(failure) && call.username !== undefined) terminations.singly.add(call.username)
      happen(call, meaningOf(failure), at)
      if (code === 'too-many-connections' || code === 'not-held') options.onWithdrawn(at)
      if (code === 'throttled') waitsAgain(call, at)
    },

    withdrawn(call, why, at) {
      happen(call, { what: 'uncounted' }, at)
      // The connections may be due under another policy, or end by another call.
      if (why === 'not-wanted' || why === 'not-held') options.onWithdrawn(at)
      if (why === 'no-record') waitsAgain(call, at)
      emit({ event: 'call-withdrawn', endpoint, call, why, at })
    },
  }

  return {
    requester,
    /** Emits the reports that a snapshot made about terminations. */
    report,

    /** Takes the newest plan. Calls that are not in it no longer leave. */
    follow({ terminate, calls }: Plan, until: Instant, now: Instant): void {
      const leads = new Map(terminate.map(({ connection: { id }, lead }) => [id, lead.policy.name]))
      const users = new Map(
        calls.flatMap(({ username, decisions }) => (username === undefined ? [] : [[username, decisions.length]])),
      )
      followed = { until, leads, users }
      terminations.want((id) => leads.has(id), now, rules().retry)
    },

    /** The endpoint cannot be judged: no call leaves. */
    followNothing(): void {
      followed = NOTHING
    },
  }
}

/** Whether the next call must name the connection: the call by user name met too many connections, or none. */
const needsCallById = ({ code }: VpnError): boolean =>
  code === 'connection-not-found' || code === 'user-not-found' || code === 'too-many-connections'

/** The effect of a failed call on its terminations. */
const meaningOf = ({ code }: VpnError): Happening => {
  switch (code) {
    case 'connection-not-found':
    case 'user-not-found':
      return { what: 'not-found' }
    case 'throttled':
    case 'too-many-connections':
    case 'not-held':
      return { what: 'uncounted' }
    // The answer was lost, but AWS may have carried out the call. A later snapshot shows whether it did.
    case 'timeout':
    case 'server-error':
    case 'malformed':
    case 'unreachable':
    case 'aborted':
      return { what: 'unanswered' }
    default:
      return { what: 'refused' }
  }
}
