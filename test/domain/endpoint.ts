import type { Connection } from '../../src/domain/connection.ts'
import type { GuardLimits } from '../../src/domain/guard/guard.ts'
import { createRules, historyOf, type Judgement, judgeEndpoint } from '../../src/domain/judge/judge-endpoint.ts'
import { createMemory, type KeptMemory } from '../../src/domain/judge/memory.ts'
import { takeIn } from '../../src/domain/judge/take-in.ts'
import { type EndpointView, nextView, type Sighting } from '../../src/domain/judge/view.ts'
import type { UserEntry } from '../../src/domain/names/user-list.ts'
import type { Mode, Policy } from '../../src/domain/policies/policy.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { retryRule } from '../../src/domain/terminate/termination.ts'
import { type Instant, MINUTE, NEVER } from '../../src/domain/time/instant.ts'
import { ENDPOINT, PLACE } from './build.ts'

/** One endpoint, judged from snapshot to snapshot as the daemon judges it. */
export const createEndpoint = (
  policies: readonly Policy[],
  options: {
    readonly protect?: readonly UserEntry[]
    readonly mode?: Mode
    readonly guard?: GuardLimits
    /** When every policy last changed; without it they always were as they are. */
    readonly changedAt?: Instant
    readonly staleAfterMs?: number
    /** What the state of an earlier process keeps. */
    readonly kept?: KeptMemory
  } = {},
) => {
  const { protect = [], mode = 'enforce', changedAt = -NEVER, staleAfterMs = NEVER } = options
  const { guard = { maxPercent: 100, minConnections: NEVER } } = options
  const set = createPolicySet(policies, protect)
  const retry = retryRule({ attempts: 3, verifyWithinMs: MINUTE })
  const rules = createRules({ set, location: PLACE, mode, guard, staleAfterMs, retry, changedAt: () => changedAt })
  const memory = createMemory(options.kept ?? { ...createMemory().kept(), watchedSince: -NEVER })
  let view: EndpointView = { state: 'unseen' }

  const look = (sighting: Sighting, now: Instant) => {
    view = nextView(view, sighting, now, { staleAfterMs, isClockTrusted: true })
  }

  /** Judges the last view as it is at `now`, and learns from the judgement. */
  const judge = (now: Instant): Judgement => {
    look({ what: 'time' }, now)
    memory.confirmClock(now)
    const judgement = judgeEndpoint(view, rules, memory, now)
    view = judgement.view
    if (judgement.learned !== undefined) memory.learn(judgement.learned)
    return judgement
  }

  return {
    memory,
    rules,
    judge,

    /** Takes in a complete snapshot begun at `now`, and judges it. */
    see(connections: readonly Connection[], now: Instant): Judgement {
      const snapshot = { endpointId: ENDPOINT, begunAt: now, completedAt: now, connections }
      const observation = memory.begin(snapshot, set, PLACE)
      observation.read(0, connections.length)
      takeIn(memory, snapshot, observation, rules)
      look({ what: 'snapshot', snapshot }, now)
      return judge(now)
    },

    /** A read fails: the view is stale, or blind. */
    fail(now: Instant): Judgement {
      look({ what: 'failure', because: 'the read failed' }, now)
      return judge(now)
    },

    /** Every policy's verdict about one connection of the last snapshot. */
    verdictsOf(id: string, now: Instant) {
      look({ what: 'time' }, now)
      const connections = 'snapshot' in view ? (view.snapshot?.connections ?? []) : []
      return rules.decider.verdictsOf(id, connections, historyOf(view, rules, memory, now), now, mode)
    },
  }
}
