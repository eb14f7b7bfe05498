import { beside, type Connection } from '../../src/domain/connection.ts'
import { imaginedView } from '../../src/domain/judge/imagined.ts'
import { createRules, judgeEndpoint } from '../../src/domain/judge/judge-endpoint.ts'
import { createMemory } from '../../src/domain/judge/memory.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import type { Places } from '../../src/domain/snapshot.ts'
import { retryRule } from '../../src/domain/terminate/termination.ts'
import { type Instant, MINUTE, NEVER } from '../../src/domain/time/instant.ts'
import { NOON, PLACE, policiesOf, type Rule } from './world.ts'

/** An endpoint, judged as the daemon judges it. Without `caching` each judgement makes its rules, and so its verdicts, anew. */
export const createCurfew = (rules: readonly Rule[], caching: boolean) => {
  const set = createPolicySet(policiesOf(rules), [])
  const makeRules = () =>
    createRules({
      set,
      setHash: '',
      earlierSet: () => undefined,
      location: PLACE,
      mode: 'enforce',
      // The other contenders have no guard: this one must hold nothing.
      guard: { maxPercent: 100, minConnections: NEVER, lookAheadMs: 0 },
      staleAfterMs: NEVER,
      retry: retryRule({ attempts: 3, verifyWithinMs: MINUTE }),
      changedAt: () => NOON,
    })
  const kept = makeRules()
  const memory = createMemory()
  memory.confirmClock(NOON)
  return {
    /**
     * Once for each snapshot, however often it is judged. Returns its rows, those of the snapshot before where they are equal.
     * `places` are those that reading makes, which finds double rows by them.
     */
    takeIn(read: readonly Connection[], places: Places, begunAt: Instant): readonly Connection[] {
      const shown = memory.shown()
      const connections = read.map((row) => beside(row, shown(row.id)))
      memory.observe({ begunAt, connections, places }, set, PLACE)
      return connections
    },
    decide(connections: readonly Connection[], now: Instant): readonly string[] {
      const view = imaginedView(PLACE.endpointId, connections, now)
      const { learned, plan } = judgeEndpoint(view, caching ? kept : makeRules(), memory, now)
      if (learned !== undefined) memory.learn(learned)
      return plan.terminate.map(({ connection }) => connection.id)
    },
  }
}
