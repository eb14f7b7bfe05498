import type { Connection } from '../../src/domain/connection.ts'
import type { GuardLimits } from '../../src/domain/guard/guard.ts'
import {
  createRules,
  type EndpointRules,
  historyOf,
  type Judgement,
  judgeEndpoint,
} from '../../src/domain/judge/judge-endpoint.ts'
import { createMemory, type KeptMemory, type Memory } from '../../src/domain/judge/memory.ts'
import { takeIn } from '../../src/domain/judge/take-in.ts'
import { type EndpointView, nextView, type Sighting } from '../../src/domain/judge/view.ts'
import type { UserEntry } from '../../src/domain/names/user-list.ts'
import type { Mode, Policy } from '../../src/domain/policies/policy.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import type { Snapshot } from '../../src/domain/snapshot.ts'
import { type Instant, NEVER } from '../../src/domain/time/instant.ts'
import { ENDPOINT, PLACE, RETRY } from './build.ts'

/** The memory takes in a complete snapshot of the connections, begun at `now`. */
export const takeInSnapshot = (
  memory: Memory,
  rules: EndpointRules,
  connections: readonly Connection[],
  now: Instant,
): Snapshot => {
  const snapshot = { endpointId: ENDPOINT, begunAt: now, completedAt: now, connections }
  const observation = memory.begin(snapshot, rules.set, rules.location)
  observation.read(0, connections.length)
  takeIn(memory, snapshot, observation, rules)
  return snapshot
}

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
  const rules = createRules({
    set,
    location: PLACE,
    mode,
    guard,
    staleAfterMs,
    retry: RETRY,
    changedAt: () => changedAt,
  })
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
      const snapshot = takeInSnapshot(memory, rules, connections, now)
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
