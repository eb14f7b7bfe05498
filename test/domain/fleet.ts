import type { Connection } from '../../src/domain/connection.ts'
import { NO_LIMITS } from '../../src/domain/guard/limits.ts'
import { elsewhereOf, tallyOf } from '../../src/domain/judge/elsewhere.ts'
import { explain } from '../../src/domain/judge/explain.ts'
import { createRules, type Judgement, judgeEndpoint } from '../../src/domain/judge/judge-endpoint.ts'
import { createMemory } from '../../src/domain/judge/memory.ts'
import { takeIn } from '../../src/domain/judge/take-in.ts'
import { type EndpointView, nextView, type Sighting } from '../../src/domain/judge/view.ts'
import type { Policy } from '../../src/domain/policies/policy.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { type Instant, NEVER } from '../../src/domain/time/instant.ts'
import { PLACE, RETRY } from './build.ts'

/** Several endpoints under one policy set, each judged with what the others count. */
export const createFleet = (policies: readonly Policy[], ids: readonly string[], staleAfterMs: number = NEVER) => {
  const set = createPolicySet(policies, [])
  const all = new Map(
    ids.map((id) => {
      const rules = createRules({
        set,
        setHash: '',
        earlierSet: () => undefined,
        location: { ...PLACE, endpointId: id },
        mode: 'enforce',
        guard: NO_LIMITS,
        staleAfterMs,
        retry: RETRY,
        changedAt: () => -NEVER,
      })
      const memory = createMemory({ ...createMemory().kept(), watchedSince: -NEVER })
      return [id, { id, rules, memory, view: { state: 'unseen' } as EndpointView }]
    }),
  )
  const endpointOf = (id: string) => {
    const found = all.get(id)
    if (found === undefined) throw new Error(`no endpoint ${id}`)
    return found
  }

  const look = (id: string, sighting: Sighting, now: Instant) => {
    const one = endpointOf(id)
    one.view = nextView(one.view, sighting, now, { staleAfterMs, isClockTrusted: true })
    return one
  }

  const elsewhere = (own: string, now: Instant) =>
    elsewhereOf(
      ids.flatMap((id) => {
        if (id === own) return []
        const { view, rules, memory } = look(id, { what: 'time' }, now)
        return [{ endpoint: { id, name: id }, tally: tallyOf(view, rules, memory, { set, now }) }]
      }),
    )

  const judge = (id: string, now: Instant): Judgement => {
    const one = look(id, { what: 'time' }, now)
    const judgement = judgeEndpoint(one.view, one.rules, one.memory, now, elsewhere(id, now))
    one.view = judgement.view
    if (judgement.learned !== undefined) one.memory.learn(judgement.learned)
    return judgement
  }

  return {
    judge,

    /** The endpoint is read completely: the read was begun at `begunAt`. It is not judged. */
    read(id: string, connections: readonly Connection[], begunAt: Instant, now: Instant = begunAt): void {
      const { memory, rules } = endpointOf(id)
      const snapshot = { endpointId: id, begunAt, completedAt: now, connections }
      const observation = memory.begin(snapshot, set, rules.location)
      observation.read(0, connections.length)
      takeIn(memory, snapshot, observation, rules)
      look(id, { what: 'snapshot', snapshot }, now)
    },

    /** A read of the endpoint fails. */
    fail(id: string, now: Instant): void {
      look(id, { what: 'failure', because: 'the read failed' }, now)
    },

    /** The ids of the connections that end now, on all endpoints. */
    ended: (now: Instant): readonly string[] =>
      ids.flatMap((id) => judge(id, now).plan.terminate.map(({ connection }) => connection.id)).sort(),

    /** The explanation of one connection. */
    explain(subject: Connection, now: Instant) {
      const { rules, memory, view } = endpointOf(subject.endpointId)
      const connections = 'snapshot' in view ? (view.snapshot?.connections ?? []) : []
      return explain({ judgement: judge(subject.endpointId, now), rules, memory }, subject, connections)
    },
  }
}
