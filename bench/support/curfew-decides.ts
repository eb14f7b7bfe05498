import { createCases } from '../../src/domain/cases.ts'
import type { Connection } from '../../src/domain/connection.ts'
import { createDecider } from '../../src/domain/decide.ts'
import type { Instant } from '../../src/domain/instant.ts'
import { createMemory } from '../../src/domain/memory.ts'
import { createPolicySet } from '../../src/domain/policy-set.ts'
import { createRememberedCases } from '../../src/domain/remembered-cases.ts'
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
