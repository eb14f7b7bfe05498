import type { Connection } from '../connection.ts'
import type { History, Policy } from '../policies/policy.ts'
import { createPolicySet } from '../policies/policy-set.ts'
import type { Instant } from '../time/instant.ts'
import { createDecider, type Decider, type Decision } from './decide.ts'
import { type Explanation, explain } from './explain.ts'
import { createMemory, NO_HISTORY } from './memory.ts'
import { nextAtOfDecision, type Scene } from './next-change.ts'
import { isDue } from './verdict.ts'

/** What a case expects of one connection; what is undefined may be anything. */
export interface Expectation {
  readonly expect: 'terminate' | 'keep'
  /** Exactly the policies past their deadline, in any order. */
  readonly by: readonly string[] | undefined
  /** When terminate or keep changes next. */
  readonly nextAt: Instant | undefined
}

export interface TestedConnection {
  readonly connection: Connection
  /** Since when its counters have stood still. Undefined: nobody knows. */
  readonly lastActivityAt: Instant | undefined
  readonly expected: Expectation
}

/** One case of a policy test: what is seen at an instant, and what the policies should make of it. */
export interface PolicyCase {
  readonly at: Instant
  /** Of one or more endpoints; those of one are its whole snapshot. */
  readonly connections: readonly TestedConnection[]
  /** Terminations that were accepted before, each in the name of a policy. */
  readonly cuts: readonly Cut[]
}

interface Cut {
  readonly connection: Connection
  readonly policy: string
  readonly at: Instant
}

/** A connection of which the policies make something else than expected. */
export interface Failure {
  readonly tested: TestedConnection
  readonly got: { readonly [Key in keyof Expectation]-?: NonNullable<Expectation[Key]> }
  readonly explanation: Explanation
}

/** Whatever their mode, policies act in a test. Their patterns are resolved once for all cases. */
export const createPolicyTester = (policies: readonly Policy[]) => {
  const set = createPolicySet(
    policies.map((policy): Policy => ({ ...policy, mode: 'enforce' })),
    [],
  )
  const deciders = new Map<string, Decider>()
  const deciderAt = (connection: Connection, place: string): Decider => {
    const decider = deciders.get(place) ?? createDecider(set, connection)
    deciders.set(place, decider)
    return decider
  }

  /** The failures of one case: none if it passes. */
  return ({ at, connections, cuts }: PolicyCase): readonly Failure[] => {
    const history = historyOf(set.policies, at, connections, cuts)
    return [...byPlace(connections)].flatMap(([place, [first, ...others]]) => {
      const here = [first, ...others]
      const scene: Scene = {
        policies,
        decider: deciderAt(first.connection, place),
        connections: here.map(({ connection }) => connection),
        history,
        now: at,
        mode: 'enforce',
      }
      const { violating } = scene.decider.decide(scene.connections, history, at, 'enforce')
      const decisions = new Map(violating.map((decision) => [decision.connection.id, decision]))
      return here.flatMap((tested) => failureOf(tested, decisions.get(tested.connection.id), scene) ?? [])
    })
  }
}

type Group = readonly [TestedConnection, ...TestedConnection[]]

const byPlace = (connections: readonly TestedConnection[]): ReadonlyMap<string, Group> => {
  const groups = new Map<string, [TestedConnection, ...TestedConnection[]]>()
  for (const tested of connections) {
    const place = `${tested.connection.endpointId}\n${tested.connection.region}`
    if (groups.get(place)?.push(tested) === undefined) groups.set(place, [tested])
  }
  return groups
}

const failureOf = (tested: TestedConnection, decision: Decision | undefined, scene: Scene): Failure | undefined => {
  const { connection, expected } = tested
  const expect = decision?.act === 'terminate' ? 'terminate' : 'keep'
  const by = (decision?.violated ?? [])
    .filter((verdict) => isDue(verdict, scene.now))
    .map(({ policy }) => policy.name)
    .sort()
  const passed =
    expect === expected.expect &&
    (expected.by === undefined || isSame(expected.by, by)) &&
    (expected.nextAt === undefined || expected.nextAt === nextAtOfDecision(scene, connection))
  if (passed) return undefined
  const explanation = explain(scene, connection, () => false)
  return { tested, got: { expect, by, nextAt: explanation.nextAt }, explanation }
}

/** `by` holds no name twice. */
const isSame = (expected: readonly string[], by: readonly string[]) => {
  const names = new Set(expected)
  return names.size === by.length && by.every((name) => names.has(name))
}

/** A snapshot at every instant, and everything as if it had been decided all along; only the case's own snapshot shows a connection first. */
const historyOf = (
  policies: readonly Policy[],
  at: Instant,
  connections: readonly TestedConnection[],
  cuts: readonly Cut[],
): History => {
  const testedById = new Map(connections.map((tested) => [tested.connection.id, tested]))
  const policyByName = new Map(policies.map((policy) => [policy.name, policy]))
  const memory = createMemory()
  for (const cut of [...cuts].sort((a, b) => a.at - b.at)) {
    const policy = policyByName.get(cut.policy)
    if (policy !== undefined) memory.terminate(policy, cut.connection, cut.at)
  }
  return {
    ...NO_HISTORY,
    firstSeenAt: () => at,
    // Never too long ago, whenever it is asked.
    countersMovedAt: () => Number.POSITIVE_INFINITY,
    terminatedAt: memory.history(
      at,
      true,
      () => false,
      () => undefined,
    ).terminatedAt,
    note(name, id) {
      const { connection, lastActivityAt } = testedById.get(id) ?? {}
      const policy = policyByName.get(name)
      if (policy === undefined || connection === undefined || lastActivityAt === undefined) return undefined
      return policy.kind.note?.(policy.rule)(undefined, connection, lastActivityAt)
    },
  }
}
