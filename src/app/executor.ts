import type { Decision } from '../domain/judge/decide.ts'
import type { Memory } from '../domain/judge/memory.ts'
import type { Policy } from '../domain/policies/policy.ts'
import type { Plan, TerminateCall } from '../domain/terminate/plan.ts'
import { type Instant, NEVER } from '../domain/time/instant.ts'
import type { AuditTrail } from './audit.ts'
import type { Emit, Endpoint } from './events.ts'
import type { CycleSettings } from './settings.ts'
import type { Requester } from './termination-queue.ts'
import { createVerification, type Proof, type Pursuit } from './verification.ts'
import { type Violation, violationOf } from './violation.ts'
import type { Snapshot, VpnError } from './vpn.ts'

/** Carries out the plans of one endpoint: asks the queue for calls, writes each down before it leaves, follows it to its outcome. */
export const createExecutor = (options: {
  readonly endpoint: Endpoint
  readonly vpn: Requester['vpn']
  readonly emit: Emit
  readonly audit: AuditTrail
  readonly memory: Memory
  readonly settings: () => CycleSettings
  /** Whether the snapshot that the plan rests on may still be acted on. */
  readonly isFresh: (now: Instant) => boolean
  /** How often the person has come back in a row. */
  readonly repeatsOf: (violation: Violation) => number
  readonly policyNamed: (name: string) => Policy | undefined
  readonly now: () => Instant
  readonly kept: readonly Pursuit[]
}) => {
  const { endpoint, emit, audit, memory, settings, isFresh, repeatsOf, policyNamed, now: clockNow } = options
  const verification = createVerification(options.kept)
  /** Users whom AWS refused to end at once: they have more connections than we knew. */
  const singly = new Set<string>()
  /** Whom the newest plan ends, and in whose name. */
  let leads = new Map<string, string | undefined>()
  /** Whom it ends by name, and how many connections of theirs it knows. */
  let namedUsers = new Map<string, number>()
  /** Whose call is being written down: a decision made meanwhile must find them as they were before it was taken. */
  const recording = new Set<string>()
  let retryAt: Instant = NEVER
  /** When the plan must be made anew: a verdict in it may be over. */
  let planEndsAt: Instant = -NEVER

  const violationsOf = ({ decisions }: TerminateCall, now: Instant): readonly (readonly [Decision, Violation])[] =>
    decisions.flatMap((decision) => {
      const violation = violationOf(decision, now)
      return violation === undefined ? [] : [[decision, violation] as const]
    })

  const idsOf = ({ decisions }: TerminateCall) => decisions.map(({ connection: { id } }) => id)

  /** Who comes back is measured from the instant at which the call left: the answer may take its time. */
  const cut = (violation: Violation, leftAt: Instant) => {
    const policy = policyNamed(violation.policy)
    if (policy !== undefined) memory.terminate(policy, violation, leftAt)
  }

  const tell = (proofs: readonly Proof[], at: Instant) => {
    for (const proof of proofs) {
      // A cut whose answer was lost is a cut all the same.
      if (proof.outcome === 'confirmed') cut(proof.violation, proof.leftAt)
      emit({ event: 'termination', endpoint, ...proof, repeats: repeatsOf(proof.violation), at })
    }
  }

  const stillWanted = (call: TerminateCall, now: Instant): boolean => {
    if (settings().mode !== 'enforce' || !isFresh(now) || now >= planEndsAt) return false
    if (call.username !== undefined && namedUsers.get(call.username) !== call.decisions.length) return false
    // What is written down as the reason must be the reason when the call leaves.
    return call.decisions.every(({ connection: { id }, lead }) => leads.has(id) && leads.get(id) === lead?.policy.name)
  }

  const requester: Requester = {
    vpn: options.vpn,
    stillWanted(call, now) {
      const wanted = stillWanted(call, now)
      for (const id of idsOf(call)) {
        recording.delete(id)
        if (wanted) verification.left(id, now)
      }
      return wanted
    },
    mayLeave: (call, now) => stillWanted(call, now) && idsOf(call).every((id) => verification.maySend(id, now)),

    leaving(call, now) {
      for (const id of idsOf(call)) recording.add(id)
      for (const [, violation] of violationsOf(call, now)) verification.sending(violation, call.selector, now)
    },

    async intend(call, callId) {
      const time = clockNow()
      const { policySetHash } = settings()
      for (const id of idsOf(call)) verification.recorded(id, callId)
      await audit.write(
        violationsOf(call, time).map(([, violation]) => ({
          time,
          event: 'intent',
          endpointId: endpoint.id,
          account: endpoint.account,
          region: endpoint.region,
          ...violation,
          call: { id: callId, selector: call.selector },
          policySetHash,
        })),
      )
    },

    answered(call, { requestId, statuses }, at) {
      for (const [decision, violation] of violationsOf(call, at)) {
        cut(violation, verification.sent(violation.connectionId, requestId, at))
        emit({ event: 'accepted', endpoint, violation, established: decision.connection.establishedAt, at })
      }
      emit({ event: 'call-answered', endpoint, call, outcome: 'accepted', message: undefined, requestId, at })
      // A call by user name also ends what came after the decision: such a connection has no intent of its own.
      const known = new Set(idsOf(call))
      const [[, violation] = []] = violationsOf(call, at)
      for (const { connectionId } of statuses) {
        if (known.has(connectionId) || violation === undefined) continue
        const callId = verification.callIdOf(violation.connectionId)
        emit({ event: 'also-ended', endpoint, violation: { ...violation, connectionId }, callId, requestId, at })
      }
    },

    failed(call, failure, at) {
      const { code, message, requestId } = failure
      emit({ event: 'call-answered', endpoint, call, outcome: code, message, requestId, at })
      for (const id of idsOf(call)) settle(id, call, failure, at)
      retryAt = Math.min(retryAt, verification.againAfter(at))
    },

    withdrawn(call, why) {
      for (const id of idsOf(call)) {
        recording.delete(id)
        verification.unsent(id)
      }
      // It may be wanted in another's name, or its person under another call.
      if (why === 'not-wanted') retryAt = Math.min(retryAt, clockNow())
      emit({ event: 'call-withdrawn', endpoint, call, why, at: clockNow() })
    },
  }

  /** What a failed call means for one of its connections. */
  const settle = (id: string, call: TerminateCall, { code }: VpnError, at: Instant) => {
    switch (code) {
      case 'connection-not-found':
      case 'user-not-found':
        // If a snapshot still shows the connection, the next call names it.
        if (call.username !== undefined) singly.add(call.username)
        return tell(verification.alreadyGone(id, at), at)
      case 'throttled':
        return verification.unsent(id)
      case 'too-many-connections':
        if (call.username !== undefined) singly.add(call.username)
        verification.unsent(id)
        retryAt = at
        return
      // The answer was lost, not necessarily the call: a later snapshot tells.
      case 'timeout':
      case 'server-error':
      case 'malformed':
      case 'unreachable':
      case 'aborted':
        return verification.sent(id, undefined, at)
      default:
        return tell(verification.refused(id, settings().termination, at), at)
    }
  }

  return {
    requester,
    singly: singly as ReadonlySet<string>,
    maySend: (id: string, now: Instant) => recording.has(id) || verification.maySend(id, now),

    /** The newest plan, none while blind; what it does not hold is not sent any more. */
    follow(plan: Plan | undefined, now: Instant, endsAt: Instant): void {
      planEndsAt = endsAt
      leads = new Map(plan?.terminate.map(({ connection: { id }, lead }) => [id, lead?.policy.name]))
      namedUsers = new Map(
        plan?.calls.flatMap(({ username, decisions }) =>
          username === undefined ? [] : [[username, decisions.length]],
        ),
      )
      if (plan !== undefined) verification.drop((id) => !leads.has(id))
      retryAt = verification.againAfter(now)
    },

    /** Reads what a complete snapshot says of the terminations under way. */
    see(snapshot: Snapshot): void {
      tell(verification.see(snapshot, settings().termination), snapshot.completedAt)
      if (singly.size === 0) return
      const present = new Set(snapshot.connections.map(({ username }) => username))
      for (const username of singly) if (!present.has(username)) singly.delete(username)
    },

    /** When a connection that is still violation may be tried again. */
    retryAt: (): Instant => retryAt,
    wantsSnapshotAt: (): Instant => verification.wantsSnapshotAt(),
    open: (): number => verification.open(),
    kept: (): readonly Pursuit[] => verification.kept(),
  }
}
