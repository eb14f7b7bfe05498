import type { Connection } from '../connection.ts'
import { decisionOf } from '../judge/decide.ts'
import { NO_HISTORY } from '../judge/memory.ts'
import { isDue, judge, type Verdict } from '../judge/verdict.ts'
import { resolveSelector } from '../names/selector.ts'
import { principalNamesOf } from '../names/user-list.ts'
import { type Acting, mayEnd } from '../policies/policy.ts'
import { type Applicability, createPolicySet } from '../policies/policy-set.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { ALL_TIME, periodAt } from '../time/period.ts'
import type { DoorDecision } from './door-decision.ts'
import type { DoorRules } from './door-rules.ts'
import type { DoorRequest } from './request.ts'

/** Decides about requests as the daemon would about the connections that they ask for. */
export interface Door {
  /** `region`: where the handler runs, and so the endpoint. Undefined: not known. */
  decide(request: DoorRequest, region: string | undefined, now: Instant): DoorDecision
}

/** How many changes ahead the first instant is looked for at which nothing denies the request. */
const MOST_CHANGES = 32

/**
 * Prepares the policies once. The door has no history: it judges a connection that is established at the instant of the
 * request, and lets in whoever no acting policy would end at once.
 */
export const createDoor = (rules: DoorRules): Door => {
  const set = createPolicySet(
    rules.policies.filter(({ kind }) => kind.atTheDoor !== undefined),
    rules.protect,
  )
  const posture = rules.posture.map(({ status, match }) => ({
    status,
    match: match && resolveSelector(match, 'either'),
  }))
  const acting: Acting = { mode: rules.mode, held: new Set() }

  return {
    decide(request, region, now) {
      const { endpointId = '', names } = request
      const location = { endpointId, region, name: rules.endpointNames.get(endpointId) }
      const principal = principalNamesOf(names)
      const postureStatuses = posture.flatMap(({ status, match }) => {
        const hit = match?.(location)(principal) ?? { periods: ALL_TIME }
        return typeof hit === 'object' && periodAt(hit.periods, now) !== undefined ? [status] : []
      })
      const connectionAt = (establishedAt: Instant): Connection => ({
        id: request.connectionId ?? '',
        endpointId,
        region: region ?? '',
        ...names,
        establishedAt,
        status: 'active',
        ingressBytes: 0,
        egressBytes: 0,
        posture: postureStatuses,
      })
      const connection = connectionAt(now)
      // Nobody knows which policies apply, so that no policy denies the request.
      if (request.endpointId === undefined) {
        return { act: 'allow', lead: undefined, verdicts: [], connection, postureStatuses: [] }
      }
      const applicabilities = set.everyApplicability(location)(connection)
      const verdicts = applicabilities.map((applicability) => judge(applicability, connection, NO_HISTORY, now))
      const decision = decisionOf(connection, verdicts, now, acting)
      const { lead } = decision
      if (lead === undefined) return { act: 'allow', lead, verdicts, connection, postureStatuses }
      const act = decision.act === 'terminate' ? 'deny' : 'audit'
      // In audit mode, the policies count that would deny the request if they acted.
      const denies = (verdict: Verdict, at: Instant) =>
        isDue(verdict, at) && (act === 'audit' || mayEnd(verdict.policy, acting))
      const until = openingAfter(verdicts, now, denies, (applicability, at) =>
        judge(applicability, connectionAt(at), NO_HISTORY, at),
      )
      return {
        act,
        lead,
        verdicts,
        connection,
        postureStatuses,
        until,
        text: `Denied by the policy "${lead.policy.name}".`,
      }
    },
  }
}

/**
 * The first later instant at which nothing denies the request, whoever denies it until then. NEVER: none is found.
 */
const openingAfter = (
  verdicts: readonly Verdict[],
  now: Instant,
  denies: (verdict: Verdict, at: Instant) => boolean,
  judgeAt: (applicability: Applicability, at: Instant) => Verdict,
): Instant => {
  let at = now
  let current = verdicts
  for (let change = 0; change < MOST_CHANGES; change++) {
    const deniedUntil = current.reduce(
      (last, verdict) => (denies(verdict, at) ? Math.max(last, verdict.nextAt) : last),
      -NEVER,
    )
    if (deniedUntil === -NEVER) return at
    if (deniedUntil === NEVER) return NEVER
    at = deniedUntil
    current = current.map(
      ({ applicability, nextAt }, index) =>
        (nextAt > deniedUntil ? current[index] : undefined) ?? judgeAt(applicability, deniedUntil),
    )
  }
  return NEVER
}
