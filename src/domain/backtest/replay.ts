import { applicationAt } from '../judge/application.ts'
import { alsoBy, violatedNames } from '../judge/violation.ts'
import type { Location } from '../names/location.ts'
import { acts, type Mode, type Policy } from '../policies/policy.ts'
import { createPolicySet, type PolicySet } from '../policies/policy-set.ts'
import type { RecordedSession, Recording } from '../recording/recorded-session.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import type { Cut, Outcome } from './outcome.ts'
import { createSimulation, type Ended, type Simulation } from './simulation.ts'

interface ReplayOptions {
  /** `all`: every policy acts. `as-written`: only policies that act by the daemon's mode and their own. */
  readonly modes: 'all' | 'as-written'
  /** That of the daemon. */
  readonly mode: Mode
  readonly locationOf: (endpointId: string) => Location
  /** The endpoints whose sessions count. Those of others are replayed beside them: a policy may count over all. */
  readonly isCounted?: (endpointId: string) => boolean
}

/** The counts of one policy. */
interface Count {
  exempted: number
  readonly notJudged: Map<string, number>
}

/**
 * Replays a recording under a policy set, in slices: `advance` is called until it has passed all of `length`, then `outcome`
 * has the result. Sessions that are tied to each other are replayed together. All others cannot change each other's decisions.
 */
export const createReplay = (
  set: PolicySet,
  recording: Recording,
  { modes, mode, locationOf, isCounted = () => true }: ReplayOptions,
) => {
  const { from, to, replayed: sessions = recording.sessions } = recording
  const originals = new Map<string, Policy>(set.policies.map((policy) => [policy.name, policy]))
  const replayed = set.policies.map(
    (policy): Policy => ({
      ...policy,
      mode: modes === 'all' || acts(policy, mode) ? 'enforce' : 'audit',
      warn: [],
      extend: undefined,
    }),
  )
  const simulation = createSimulation(quiet(createPolicySet(replayed, set.protectedUsers)), locationOf)
  const cuts: Cut[] = []
  const outside: Cut[] = []
  const counts = new Map<string, Count>(set.policies.map(({ name }) => [name, { exempted: 0, notJudged: new Map() }]))
  const survival = new Map(replayed.map((policy) => [policy, policy.kind.neverViolated?.(policy.rule)]))

  const isInPeriod = (at: Instant) => from <= at && at < to

  const readEnded = ({ session, at, cut, lacks }: Ended) => {
    if (!isCounted(session.endpointId)) return
    if (cut !== undefined) {
      const { policy, reason } = cut.lead
      const original = originals.get(policy.name) ?? policy
      const counted = isInPeriod(at) ? cuts : outside
      counted.push({ session, at, policy: original, reason, alsoBy: alsoBy(violatedNames(cut), policy.name) })
    }
    for (const [policy, { fact, since }] of lacks) {
      const lastAt = Math.min(at, to, policy.until ?? NEVER)
      // A session that another policy ends as soon as it begins was up at no later instant, and yet was not judged.
      const isBefore = lastAt <= from && since < from
      if (policy.mode !== 'enforce' || since >= to || isBefore || neverViolated(policy, session, lastAt)) continue
      const notJudged = counts.get(policy.name)?.notJudged
      notJudged?.set(fact, (notJudged.get(fact) ?? 0) + 1)
    }
  }

  /** Whether what is recorded proves that the session did not violate the policy before an instant. */
  const neverViolated = (policy: Policy, session: RecordedSession, at: Instant): boolean => {
    const { ingressBytes, egressBytes, establishedAt } = session
    return survival.get(policy)?.({ ingressBytes, egressBytes, lastedMs: at - establishedAt }) ?? false
  }

  const withoutExemptions = new Map<Policy, Simulation>()
  const withoutExemption = (policy: Policy): Simulation => {
    const known = withoutExemptions.get(policy)
    if (known !== undefined) return known
    const made = createSimulation(quiet(createPolicySet([{ ...policy, exempt: undefined }], [])), locationOf)
    withoutExemptions.set(policy, made)
    return made
  }

  /** Replays the sessions under each policy alone that exempts one of them, as if it exempted none. */
  function* countExempted(together: readonly RecordedSession[], endedOf: ReadonlyMap<RecordedSession, Ended>) {
    const exempting = new Set<Policy>()
    for (const { applicabilities } of endedOf.values()) {
      for (const { policy, exemptIn } of applicabilities) if (exemptIn.length > 0) exempting.add(policy)
    }
    for (const policy of exempting) {
      const count = counts.get(policy.name)
      yield* withoutExemption(policy).run(together, ({ session, at, cut }) => {
        const ended = endedOf.get(session)
        if (cut === undefined || ended === undefined || count === undefined || !isCounted(session.endpointId)) return
        const applicability = ended.applicabilities.find((candidate) => candidate.policy === policy)
        const kept = at < ended.at && applicability !== undefined && applicationAt(applicability, at) === 'exempt'
        if (kept && isInPeriod(at)) count.exempted++
      })
    }
  }

  let passed = 0

  function* run(together: readonly RecordedSession[]): Generator<number, void> {
    if (!together.some(({ endpointId }) => isCounted(endpointId))) {
      passed += together.length
      return
    }
    const all: Ended[] = []
    let mayBeExempt = false
    yield* simulation.run(together, (ended) => {
      passed++
      readEnded(ended)
      all.push(ended)
      mayBeExempt ||= ended.applicabilities.some(({ exemptIn }) => exemptIn.length > 0)
    })
    if (mayBeExempt) yield* countExempted(together, new Map(all.map((ended) => [ended.session, ended])))
  }

  /** Each session is passed once to gather it, and once when it ends. */
  const length = 2 * sessions.length

  function* runAll(): Generator<number, void> {
    const groups = new Map<string, RecordedSession[]>()
    for (const session of sessions) {
      passed++
      const tie = simulation.tieOf(session)
      if (tie === undefined) passed++
      else if (tie.key === undefined) yield* run([session])
      else if (groups.get(tie.key)?.push(session) === undefined) groups.set(tie.key, [session])
      yield 1
    }
    for (const together of groups.values()) yield* run(together)
  }

  const running = runAll()
  let isOver = false

  return {
    length,

    /** Makes about as many decisions. Returns how much of `length` it has passed; all of it only once the outcome is complete. */
    advance(decisions: number): number {
      for (let made = 0; made < decisions && !isOver; ) {
        const step = running.next()
        isOver = step.done === true
        made += 1 + (step.value ?? 0)
      }
      return isOver ? length : Math.min(passed, length - 1)
    },

    outcome: (): Outcome => ({
      cuts: cuts.sort((a, b) => a.at - b.at || (a.session.connectionId < b.session.connectionId ? -1 : 1)),
      outside,
      policies: set.policies.map((policy) => ({ policy, ...(counts.get(policy.name) ?? NOTHING) })),
    }),
  }
}

const NOTHING: Count = { exempted: 0, notJudged: new Map() }

/** Near misses are of no interest in the past, and cost more than the verdicts. */
const quiet = (set: PolicySet): PolicySet => ({ ...set, nearMisses: () => () => [] })
