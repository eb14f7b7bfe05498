import { isAuthorized } from '@cedar-policy/cedar-wasm/nodejs'
import { Engine } from 'json-rules-engine'
import { createCases } from '../src/domain/cases.ts'
import type { Connection } from '../src/domain/connection.ts'
import { createDecider } from '../src/domain/decide.ts'
import { createMemory } from '../src/domain/memory.ts'
import { createPolicySet } from '../src/domain/policy-set.ts'
import { createRememberedCases } from '../src/domain/remembered-cases.ts'
import { createHandLoop } from './support/hand-loop.ts'
import { median, type Options, ratio, rounded, type Table } from './support/table.ts'
import { connectionsOf, NOON, PLACE, policiesOf, type Rule, rulesOf } from './support/world.ts'

const PERIOD_MS = 15_000

const timed = (work: () => void): number => {
  const startedAt = performance.now()
  work()
  return performance.now() - startedAt
}

/** First decision, the next ones on new snapshots, and one on the same snapshot: ms each. */
const measureCurfew = (rules: readonly Rule[], snapshots: readonly (readonly Connection[])[], remembering: boolean) => {
  const set = createPolicySet(policiesOf(rules), [])
  const cases = remembering ? createRememberedCases(set, PLACE) : createCases(set, PLACE)
  const decider = createDecider(set, PLACE, cases)
  const memory = createMemory()
  let ends = 0
  const taken = snapshots.map((connections, at) => {
    const now = NOON + at * PERIOD_MS
    memory.observe({ begunAt: now, connections }, set, PLACE)
    const decide = (when: number) => {
      const history = memory.history(
        when,
        true,
        () => true,
        () => NOON,
      )
      ends = decider.decide(connections, history, when, 'enforce').violating.length
    }
    return { fresh: timed(() => decide(now)), again: timed(() => decide(now + 1)) }
  })
  const [first, ...later] = taken
  return {
    ends,
    first: first?.fresh ?? Number.NaN,
    next: median(later.map(({ fresh }) => fresh)),
    again: median(later.map(({ again }) => again)),
  }
}

const measureHand = (rules: readonly Rule[], snapshots: readonly (readonly Connection[])[]) => {
  const loop = createHandLoop(rules)
  let ends = 0
  const taken = snapshots.map((connections, at) => timed(() => (ends = loop(connections, NOON + at * PERIOD_MS))))
  return { ends, first: taken[0] ?? Number.NaN, next: median(taken.slice(1)) }
}

/** A general engine with the three rules that are for everybody; a sample, as it is slow. */
const measureJsonRules = async (connections: readonly Connection[]): Promise<number> => {
  const engine = new Engine([], { allowUndefinedFacts: true })
  const [, bans] = rulesOf(2)
  engine.addRule({
    conditions: { all: [{ fact: 'ageMs', operator: 'greaterThanInclusive', value: 36e6 }] },
    event: { type: 'age' },
  })
  engine.addRule({
    conditions: { all: [{ fact: 'username', operator: 'in', value: bans?.banned ?? [] }] },
    event: { type: 'ban' },
  })
  engine.addRule({
    conditions: { all: [{ fact: 'hour', operator: 'greaterThanInclusive', value: 20 }] },
    event: { type: 'hours' },
  })
  const startedAt = performance.now()
  for (const { username, establishedAt = NOON } of connections)
    await engine.run({ username, ageMs: NOON - establishedAt, hour: 13 })
  return performance.now() - startedAt
}

/** The same three rules in Cedar, the bans as an attribute of the context. */
const measureCedar = (connections: readonly Connection[]): number => {
  const staticPolicies = `
    permit(principal, action, resource);
    forbid(principal, action, resource) when { context.ageMs >= 36000000 };
    forbid(principal, action, resource) when { context.banned };
    forbid(principal, action, resource) when { context.hour >= 20 };`
  const bans = new Set(rulesOf(2)[1]?.banned)
  return timed(() => {
    for (const { username = '', establishedAt = NOON } of connections) {
      isAuthorized({
        principal: { type: 'User', id: username },
        action: { type: 'Action', id: 'stay' },
        resource: { type: 'Endpoint', id: 'one' },
        context: { ageMs: NOON - establishedAt, banned: bans.has(username), hour: 13 },
        policies: { staticPolicies },
        entities: [],
      })
    }
  })
}

/** What deciding costs, per connection: the first time, on a new snapshot of the same people, and on the same snapshot. */
export const decide = async ({ quick, rounds }: Options): Promise<readonly Table[]> => {
  const tables: Table[] = []
  for (const connections of quick ? [1000] : [1000, 10_000, 126_000]) {
    const snapshots = Array.from({ length: 4 }, (_, at) => connectionsOf(connections, at))
    const rows = []
    for (const count of [3, 20, 200]) {
      const rules = rulesOf(count)
      const all = Array.from({ length: rounds }, () => ({
        curfew: measureCurfew(rules, snapshots, true),
        plain: measureCurfew(rules, snapshots, false),
        hand: measureHand(rules, snapshots),
      }))
      for (const { curfew, plain, hand } of all) {
        if (curfew.ends !== hand.ends || plain.ends !== hand.ends) throw new Error('they do not decide alike')
      }
      const ns = (pick: (round: (typeof all)[number]) => number) => rounded((median(all.map(pick)) * 1e6) / connections)
      const next = ns(({ curfew }) => curfew.next)
      const hand = ns(({ hand: { next: figure } }) => figure)
      rows.push({
        policies: count,
        'first ns': ns(({ curfew }) => curfew.first),
        'next ns': next,
        'again ns': ns(({ curfew }) => curfew.again),
        'not remembered ns': ns(({ plain }) => plain.next),
        'hand loop first ns': ns(({ hand: { first } }) => first),
        'hand loop ns': hand,
        'next to hand': ratio(next, hand),
        ends: all[0]?.hand.ends ?? 0,
      })
    }
    tables.push({ title: `decide: ${connections} connections, ns a connection`, rows })
  }
  const sample = connectionsOf(quick ? 50 : 2000)
  const perConnection = (ms: number) => rounded((ms * 1000) / sample.length)
  tables.push({
    title: 'decide: general engines, three rules, µs a connection',
    rows: [
      { who: 'json-rules-engine', µs: perConnection(await measureJsonRules(sample)) },
      { who: 'cedar-wasm', µs: perConnection(measureCedar(sample)) },
    ],
  })
  return tables
}
