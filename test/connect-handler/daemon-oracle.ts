import type { Configuration } from '../../src/config/configuration.ts'
import { type Connection, nameOrNone } from '../../src/domain/connection.ts'
import { NO_LIMITS } from '../../src/domain/guard/limits.ts'
import { applicationAt } from '../../src/domain/judge/application.ts'
import { imaginedMemory, imaginedView } from '../../src/domain/judge/imagined.ts'
import { createRules, type EndpointRules, judgeEndpoint } from '../../src/domain/judge/judge-endpoint.ts'
import { NO_HISTORY } from '../../src/domain/judge/memory.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { retryRule } from '../../src/domain/terminate/termination.ts'
import { type Instant, NEVER } from '../../src/domain/time/instant.ts'
import { policy } from '../domain/build.ts'
import { type Person, REGION } from './companies.ts'

/** The kinds that rest on nothing but who connects, where and when. */
const JUDGED_BY_BOTH = new Set(['banned-users', 'off-hours', 'posture'])

/** What the daemon does about a connection, and under which policy. */
export interface Fate {
  readonly decision: 'allow' | 'deny' | 'audit'
  readonly policy: string | undefined
  readonly reason: string | undefined
  readonly posture: readonly string[]
  /** The first later instant at which a verdict differs. */
  readonly changesAt: Instant
}

/** The daemon's own judgement of one connection alone, that was just established and is seen for the first time. */
export const createDaemonOracle = ({ policies, protect, watch, connectHandler }: Configuration) => {
  const set = createPolicySet(
    policies.filter(({ kind }) => JUDGED_BY_BOTH.has(kind.kind)),
    protect,
  )
  const names = new Map(watch.flatMap(({ endpoints }) => endpoints.map(({ id, name }) => [id, name] as const)))
  const known = new Map<string, EndpointRules>()
  const rulesAt = (endpointId: string): EndpointRules => {
    const rules =
      known.get(endpointId) ??
      createRules({
        set,
        setHash: '',
        earlierSet: () => undefined,
        location: { endpointId, region: REGION, name: names.get(endpointId) },
        mode: connectHandler.mode,
        guard: NO_LIMITS,
        staleAfterMs: NEVER,
        retry: retryRule({ attempts: 1, verifyWithinMs: NEVER }),
        changedAt: () => -NEVER,
      })
    known.set(endpointId, rules)
    return rules
  }

  const postureSet = createPolicySet(
    connectHandler.posture.map(({ match, status }) =>
      policy('posture', { require: [status] }, { name: status, match }),
    ),
    [],
  )
  /** The posture statuses of a connection: those whose selector would apply a policy to it. None in doubt about one. */
  const statusesOf = (connection: Connection, now: Instant) => {
    const rules = postureSet
      .everyApplicability(rulesAt(connection.endpointId).location)(connection)
      .map((one) => ({ status: one.policy.name, application: applicationAt(one, now) }))
    if (rules.some(({ application }) => application === 'unknown')) return []
    return [...new Set(rules.flatMap(({ status, application }) => (application === 'applies' ? [status] : [])))]
  }

  return (
    { username, commonName, endpointId }: Person,
    { establishedAt, now }: { readonly establishedAt: Instant; readonly now: Instant },
  ): Fate => {
    const unpostured: Connection = {
      id: 'cvpn-connection-04edd76f5201e0cb8',
      endpointId,
      region: REGION,
      username: nameOrNone(username),
      commonName: nameOrNone(commonName),
      establishedAt,
      status: 'active',
      ingressBytes: 0,
      egressBytes: 0,
      posture: undefined,
    }
    const posture = statusesOf(unpostured, now)
    const connection = { ...unpostured, posture }
    const view = imaginedView(endpointId, [connection], now)
    const judgement = judgeEndpoint(view, rulesAt(endpointId), imaginedMemory(NO_HISTORY), now)
    const changesAt = judgement.outlook.verdictsChangeAt
    const [decision] = judgement.decisions?.violating ?? []
    const ends = judgement.plan.terminate.length > 0
    if (decision?.lead === undefined)
      return { decision: 'allow', policy: undefined, reason: undefined, posture, changesAt }
    const { policy: lead, reason } = decision.lead
    return { decision: ends ? 'deny' : 'audit', policy: lead.name, reason, posture, changesAt }
  }
}
