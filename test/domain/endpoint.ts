import type { Connection } from '../../src/domain/connection.ts'
import type { GuardMemory } from '../../src/domain/guard/guard.ts'
import { type GuardLimits, NO_LIMITS } from '../../src/domain/guard/limits.ts'
import type { Standing } from '../../src/domain/guard/standing.ts'
import type { Decisions } from '../../src/domain/judge/decide.ts'
import { type ExtensionOffer, type ExtensionRequest, offerExtension } from '../../src/domain/judge/extension-offer.ts'
import {
  actingOf,
  createRules,
  type EndpointRules,
  historyOf,
  type Judgement,
  judgeEndpoint,
} from '../../src/domain/judge/judge-endpoint.ts'
import { createMemory, type KeptMemory, type Memory } from '../../src/domain/judge/memory.ts'
import { takeIn } from '../../src/domain/judge/take-in.ts'
import { type EndpointView, nextView, type Sighting } from '../../src/domain/judge/view.ts'
import type { Location } from '../../src/domain/names/location.ts'
import type { UserEntry } from '../../src/domain/names/user-list.ts'
import { acts, type Mode, type Policy } from '../../src/domain/policies/policy.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import type { Snapshot } from '../../src/domain/snapshot.ts'
import { type Instant, NEVER } from '../../src/domain/time/instant.ts'
import { ENDPOINT, PLACE, RETRY } from './build.ts'
import { rememberedSet, rememberSet } from './policy-sets.ts'

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

/** The memory of a guard that has judged these policies before, but compared no connection with them. */
const longInForce = ({ set, setHash, mode, guard }: EndpointRules): GuardMemory => ({
  limits: guard,
  standings: Object.fromEntries(
    set.policies.map((policy): [string, Standing] => {
      const version = { hash: policy.hash, set: setHash }
      const inForce: Standing = { state: 'in-force', version, comparedAt: -NEVER }
      return [policy.name, acts(policy, mode) ? inForce : { state: 'audit', version }]
    }),
  ),
  counted: [],
  trial: undefined,
})

/** When each policy last changed, as far as its hash tells. A policy without a hash changes with every edit. */
const createAges = () => {
  let ages: ReadonlyMap<string, { readonly hash: string; readonly changedAt: Instant }> = new Map()
  return (policies: readonly Policy[], now: Instant) => {
    const next = new Map(
      policies.map(({ name, hash }) => {
        const known = ages.get(name)
        return [name, hash !== '' && known?.hash === hash ? known : { hash, changedAt: now }]
      }),
    )
    ages = next
    return ({ name }: Policy): Instant => next.get(name)?.changedAt ?? now
  }
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
    /** The facts by which policies select the endpoint. */
    readonly facts?: Pick<Location, 'name' | 'tags'>
    /** What the state of an earlier process keeps. */
    readonly kept?: KeptMemory
  } = {},
) => {
  const { protect = [], staleAfterMs = NEVER } = options
  const agesOf = createAges()
  let location: Location = { ...PLACE, ...options.facts }
  const rulesUnder = (under: readonly Policy[], mode: Mode, guard: GuardLimits, changedAt: Instant): EndpointRules => {
    const set = createPolicySet(under, protect)
    return createRules({
      set,
      setHash: rememberSet(under, set),
      earlierSet: rememberedSet,
      location,
      mode,
      guard,
      staleAfterMs,
      retry: RETRY,
      changedAt: agesOf(under, changedAt),
    })
  }
  let rules = rulesUnder(policies, options.mode ?? 'enforce', options.guard ?? NO_LIMITS, options.changedAt ?? -NEVER)
  const memory = createMemory(
    options.kept ?? { ...createMemory().kept(), watchedSince: -NEVER, guard: longInForce(rules) },
  )
  let view: EndpointView = { state: 'unseen' }
  let decisions: Decisions | undefined

  const look = (sighting: Sighting, now: Instant) => {
    view = nextView(view, sighting, now, { staleAfterMs, isClockTrusted: true })
  }

  /** Judges the last view as it is at `now`, and learns from the judgement. */
  const judge = (now: Instant): Judgement => {
    look({ what: 'time' }, now)
    memory.confirmClock(now)
    const judgement = judgeEndpoint(view, rules, memory, now)
    ;({ view, decisions } = judgement)
    if (judgement.learned !== undefined) memory.learn(judgement.learned)
    return judgement
  }

  return {
    memory,
    /** Those of the last edit. */
    get rules() {
      return rules
    },
    judge,

    /** Takes in a complete snapshot begun at `now`, and judges it. */
    see(connections: readonly Connection[], now: Instant): Judgement {
      const snapshot = takeInSnapshot(memory, rules, connections, now)
      look({ what: 'snapshot', snapshot }, now)
      return judge(now)
    },

    /** An operator edits the policies, the limits or the mode. The last view is judged at once. */
    edit(
      next: readonly Policy[],
      now: Instant,
      different: { readonly guard?: GuardLimits; readonly mode?: Mode } = {},
    ): Judgement {
      rules = rulesUnder(next, different.mode ?? rules.mode, different.guard ?? rules.guard, now)
      memory.policiesChanged()
      return judge(now)
    },

    /** AWS lists another name or other tags. The last view is judged at once. */
    list(facts: Pick<Location, 'name' | 'tags'>, now: Instant): Judgement {
      location = { ...PLACE, ...facts }
      rules = createRules({ ...rules, location })
      return judge(now)
    },

    /** The answer to a request for an extension. */
    offer(request: ExtensionRequest, now: Instant): ExtensionOffer {
      look({ what: 'time' }, now)
      return offerExtension({ view, rules, memory, decisions }, request, now)
    },

    /** Grants the extension if it is offered. */
    extend(request: ExtensionRequest, now: Instant): ExtensionOffer {
      const offer = this.offer(request, now)
      if (offer.state === 'open') {
        memory.extend(request.connectionId, request.policy, offer.extension, offer.warnedLead)
      }
      return offer
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
      const acting = actingOf(rules, memory)
      return rules.decider.verdictsOf(id, connections, historyOf(view, rules, memory, now, acting), now, acting)
    },
  }
}
