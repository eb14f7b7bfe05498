import type { Connection } from '../../src/domain/connection.ts'
import { createCases } from '../../src/domain/judge/cases.ts'
import { createDecider } from '../../src/domain/judge/decide.ts'
import { createMemory } from '../../src/domain/judge/memory.ts'
import { createRememberedCases } from '../../src/domain/judge/remembered-cases.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import type { Instant } from '../../src/domain/time/instant.ts'
import { NOON, PLACE, policiesOf, type Rule } from './world.ts'

/** As an endpoint's watch decides; or with nothing remembered from one decision to the next. */
export const createCurfew = (rules: readonly Rule[], remembering: boolean) => {
  const set = createPolicySet(policiesOf(rules), [])
  const decider = createDecider(set, PLACE, remembering ? createRememberedCases(set, PLACE) : createCases(set, PLACE))
  const memory = createMemory()
  return {
    /** Of every snapshot, once, however often it is decided on. */
    takeIn(connections: readonly Connection[], begunAt: Instant): void {
      memory.observe({ begunAt, connections }, set, PLACE)
    },
    decide(connections: readonly Connection[], now: Instant): readonly string[] {
      const history = memory.history(
        now,
        true,
        () => true,
        () => NOON,
      )
      return decider
        .decide(connections, history, now, 'enforce')
        .violating.flatMap(({ act, connection }) => (act === 'terminate' ? [connection.id] : []))
    },
  }
}
