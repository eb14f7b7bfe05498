import type { Connection } from '../connection.ts'
import { decisionOf } from '../judge/decide.ts'
import { NO_HISTORY } from '../judge/memory.ts'
import { isDue, judge, type Verdict } from '../judge/verdict.ts'
import { type Acting, mayEnd, type Policy } from '../policies/policy.ts'
import type { Applicability } from '../policies/policy-set.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { attempt } from './attempt.ts'
import { denialText } from './denial-text.ts'
import type { DoorDecision, NotJudged } from './door-decision.ts'
import type { DoorRules } from './door-rules.ts'
import { isolatedPolicies, judgeAlone } from './isolated-policies.ts'
import { createPostureStatuses } from './posture-statuses.ts'
import type { DoorRequest } from './request.ts'
import { unknownPolicies } from './unknown-policies.ts'

/** Decides about requests as the daemon would about the connections that they ask for. */
export interface Door {
  /** `region`: where the handler runs, and so the endpoint. Undefined: not known. */
  decide(request: DoorRequest, region: string | undefined, now: Instant): DoorDecision | NotJudged
}

/**
 * Prepares the policies once. The door has no history: it judges a connection that is established at the instant of the
 * request, and lets in whoever no acting policy would end at once.
 */
export const createDoor = (rules: DoorRules): Door => {
  const applicabilitiesOf = isolatedPolicies(
    rules.policies.filter(({ kind }) => kind.atTheDoor !== undefined),
    rules.protect,
  )
  const postureOf = createPostureStatuses(rules.posture)
  const acting: Acting = { mode: rules.mode, held: new Set() }

  return {
    decide(request, region, now) {
      const { connectionId: id = '', endpointId, names, facts } = request
      if (endpointId === undefined) return NO_ENDPOINT
      const location = { endpointId, region, name: rules.endpointNames.get(endpointId) }
      const statusesAt = postureOf(request, location)
      const connectionAt = (establishedAt: Instant): Connection => ({
        id,
        endpointId,
        region: region ?? '',
        ...names,
        establishedAt,
        status: 'active',
        ingressBytes: 0,
        egressBytes: 0,
        posture: statusesAt(establishedAt).statuses,
      })
      const connection = connectionAt(now)
      const { posture: postureStatuses = [] } = connection
      const judged = applicabilitiesOf(location, names, facts).map((applicability) =>
        judgeAlone(applicability, connection, now),
      )
      const verdicts = judged.map(({ verdict }) => verdict)
      const failed = judged.flatMap((one) => one.failed)
      const decision = decisionOf(connection, verdicts, now, acting)
      const { lead } = decision
      const act = lead === undefined ? 'allow' : decision.act === 'terminate' ? 'deny' : 'audit'
      const unknown = act === 'deny' ? [] : unknownPolicies(verdicts)
      const decided = { verdicts, failed, unknown, connection, postureStatuses }
      if (lead === undefined || act === 'allow') return { ...decided, act: 'allow', lead: undefined }
      // Where no policy acts, those count that would deny the request if they acted.
      const denies = (policy: Policy) => act === 'audit' || mayEnd(policy, acting)
      // A verdict holds no longer than the statuses by which it was judged.
      const whileGiven = (verdict: Verdict, at: Instant): Verdict => ({
        ...verdict,
        nextAt: Math.min(verdict.nextAt, statusesAt(at).until),
      })
      const opening = attempt(() =>
        openingAfter(
          verdicts.filter(({ policy }) => denies(policy)).map((verdict) => whileGiven(verdict, now)),
          now,
          (applicability, at) => whileGiven(judge(applicability, connectionAt(at), NO_HISTORY, at), at),
        ),
      )
      const until = 'value' in opening ? opening.value : NEVER
      // A zone that Node does not know is no reason to let in whom a ban denies.
      const told = attempt(() => denialText(lead, connection, { now, until, zone: rules.timeZone }))
      const untold = [opening, told].flatMap((one) =>
        'error' in one ? [{ policy: lead.policy, error: one.error }] : [],
      )
      const text = 'value' in told ? told.value : UNTOLD
      return { ...decided, failed: [...failed, ...untold], act, lead, until, text }
    },
  }
}

/** For the person, where the reason of the denial cannot be put into words. */
const UNTOLD = 'VPN access is denied. Ask the administrators of the VPN for the reason.'

/** Without the endpoint nobody knows which policies apply. Such a request is none that AWS describes. */
const NO_ENDPOINT: NotJudged = {
  act: 'on-error',
  error:
    'the request has no text in the field "endpoint-id", so that nobody knows which policies apply: it is not as the schema of AWS says',
}

/** How many changes ahead an opening is searched for: some weeks of hours that open and close daily. */
const MOST_CHANGES = 32

/**
 * The first later instant at which no verdict is due, whichever is due until then. `judgeAt` judges anew a connection that is
 * established at an instant. NEVER: none is found.
 */
const openingAfter = (
  verdicts: readonly Verdict[],
  now: Instant,
  judgeAt: (applicability: Applicability, at: Instant) => Verdict,
): Instant => {
  let current = verdicts
  let at = now
  for (let change = 0; change < MOST_CHANGES; change++) {
    const closedUntil = lastNextAt(current, at)
    if (closedUntil === undefined) return at
    if (closedUntil === NEVER) return NEVER
    current = current.map((verdict) =>
      verdict.nextAt > closedUntil ? verdict : judgeAt(verdict.applicability, closedUntil),
    )
    at = closedUntil
  }
  return NEVER
}

/** The last end of the verdicts that are due; undefined if none is. */
const lastNextAt = (verdicts: readonly Verdict[], at: Instant): Instant | undefined =>
  verdicts.reduce<Instant | undefined>(
    (last, verdict) => (isDue(verdict, at) ? Math.max(last ?? -NEVER, verdict.nextAt) : last),
    undefined,
  )
