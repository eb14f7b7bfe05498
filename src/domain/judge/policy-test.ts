import type { Connection } from '../connection.ts'
import type { Location } from '../names/location.ts'
import type { Policy } from '../policies/policy.ts'
import { createPolicySet } from '../policies/policy-set.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { elsewhereOf, tallyOf } from './elsewhere.ts'
import { type Explanation, explain, type Judged } from './explain.ts'
import { imaginedMemory, imaginedRules, imaginedView } from './imagined.ts'
import { type EndpointRules, judgeEndpoint } from './judge-endpoint.ts'
import { createMemory, NO_HISTORY } from './memory.ts'
import { isDue } from './verdict.ts'

/** The expected result for one connection. Undefined fields are not compared. */
export interface Expectation {
  readonly expect: 'terminate' | 'keep'
  /** Exactly the policies past their deadline, in any order. */
  readonly by: readonly string[] | undefined
  /** When the decision next changes between terminate and keep. */
  readonly nextAt: Instant | undefined
}

export interface TestedConnection {
  readonly connection: Connection
  /** The name and tags of its endpoint. Undefined: unknown, unless another connection of the endpoint tells. */
  readonly endpointName?: string | undefined
  readonly tags?: Location['tags']
  /** When its byte counters last moved. Undefined: unknown. */
  readonly lastActivityAt: Instant | undefined
  readonly expected: Expectation
}

/** One case of a policy test: the connections at an instant, and the expected decisions. */
export interface PolicyCase {
  readonly at: Instant
  /** On one or more endpoints. The connections of one endpoint are its whole snapshot. */
  readonly connections: readonly TestedConnection[]
  /** Earlier terminations, each under a policy. */
  readonly cuts: readonly PastTermination[]
}

interface PastTermination {
  readonly connection: Connection
  readonly policy: string
  readonly at: Instant
}

/** A connection with another result than expected. */
export interface Failure {
  readonly tested: TestedConnection
  readonly got: { readonly [Key in keyof Expectation]-?: NonNullable<Expectation[Key]> }
  readonly explanation: Explanation
}

/**
 * In a test all policies act, whatever their mode, and the guard holds nothing. Patterns are compiled once for all
 * cases.
 */
export const createPolicyTester = (policies: readonly Policy[]) => {
  const set = createPolicySet(
    policies.map((policy): Policy => ({ ...policy, mode: 'enforce', guard: 'off' })),
    [],
  )
  const rulesByEndpoint = new Map<string, EndpointRules>()
  const rulesAt = (location: Location): EndpointRules => {
    const { endpointId, region, name, tags } = location
    const key = JSON.stringify([endpointId, region, name, tags && [...tags]])
    const rules = rulesByEndpoint.get(key) ?? imaginedRules(set, location)
    rulesByEndpoint.set(key, rules)
    return rules
  }

  /** The failures of one case: none if it passes. */
  return (one: PolicyCase): readonly Failure[] => {
    const memory = memoryOf(set.policies, one)
    const { at: now } = one
    const endpoints = byEndpoint(one.connections).map((here) => {
      const { endpointId: id } = here[0].connection
      const connections = here.map(({ connection }) => connection)
      const view = imaginedView(id, connections, now)
      const rules = rulesAt(locationOf(here))
      const endpoint = { id, name: id }
      return { endpoint, here, connections, view, rules, tally: tallyOf(view, rules, memory, { set, now }) }
    })
    return endpoints.flatMap((group) => {
      const { here, connections, view, rules } = group
      const elsewhere = elsewhereOf(endpoints.filter((other) => other !== group))
      const judgement = judgeEndpoint(view, rules, memory, now, elsewhere)
      return here.flatMap((tested) => failureOf(tested, connections, { judgement, rules, memory }) ?? [])
    })
  }
}

type Group = readonly [TestedConnection, ...TestedConnection[]]

const locationOf = (group: Group): Location => ({
  endpointId: group[0].connection.endpointId,
  region: group[0].connection.region,
  name: group.find(({ endpointName }) => endpointName !== undefined)?.endpointName,
  tags: group.find(({ tags }) => tags !== undefined)?.tags,
})

const byEndpoint = (connections: readonly TestedConnection[]): readonly Group[] => {
  const groups = new Map<string, [TestedConnection, ...TestedConnection[]]>()
  for (const tested of connections) {
    const key = JSON.stringify([tested.connection.endpointId, tested.connection.region])
    if (groups.get(key)?.push(tested) === undefined) groups.set(key, [tested])
  }
  return [...groups.values()]
}

const failureOf = (
  tested: TestedConnection,
  connections: readonly Connection[],
  judged: Judged,
): Failure | undefined => {
  const { connection, expected } = tested
  const { decisions, now } = judged.judgement
  const found = decisions?.violating.find((decision) => decision.connection === connection)
  const expect = found?.act === 'terminate' ? 'terminate' : 'keep'
  const by = (found?.violated ?? [])
    .filter((verdict) => isDue(verdict, now))
    .map(({ policy }) => policy.name)
    .sort()
  const asExpected = expect === expected.expect && (expected.by === undefined || isSame(expected.by, by))
  if (asExpected && expected.nextAt === undefined) return undefined
  const explanation = explain(judged, connection, connections)
  if (asExpected && expected.nextAt === explanation.nextAt) return undefined
  return { tested, got: { expect, by, nextAt: explanation.nextAt }, explanation }
}

/** `by` holds no name twice. */
const isSame = (expected: readonly string[], by: readonly string[]) => {
  const names = new Set(expected)
  return names.size === by.length && by.every((name) => names.has(name))
}

/**
 * A memory as if the policies had always been in force, and snapshots were taken at every instant. Connections are
 * first seen at the instant of the case.
 */
const memoryOf = (policies: readonly Policy[], { at, connections, cuts }: PolicyCase) => {
  const testedById = new Map(connections.map((tested) => [tested.connection.id, tested]))
  const policyByName = new Map(policies.map((policy) => [policy.name, policy]))
  const memory = createMemory()
  for (const one of [...cuts].sort((a, b) => a.at - b.at)) {
    const policy = policyByName.get(one.policy)
    if (policy !== undefined) memory.terminate(policy, one.connection, one.at)
  }
  const { terminatedAt } = memory.history({ now: at, fresh: true, acts: () => false, changedAt: () => -NEVER })
  return imaginedMemory({
    ...NO_HISTORY,
    firstSeenAt: () => at,
    // Thus the counters have always moved recently, at every instant of a verdict.
    countersMovedAt: () => NEVER,
    terminatedAt,
    note(name, id) {
      const { connection, lastActivityAt } = testedById.get(id) ?? {}
      const policy = policyByName.get(name)
      if (policy === undefined || connection === undefined || lastActivityAt === undefined) return undefined
      return policy.kind.note?.(policy.rule)(undefined, connection, lastActivityAt)
    },
  })
}
