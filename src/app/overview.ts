import type { PolicyEnds } from '../domain/judge/policy-ends.ts'
import { acts, type Mode, type Policy } from '../domain/policies/policy.ts'
import type { UnmatchedEntry } from '../domain/policies/unmatched-entries.ts'
import { type Elapsed, msBetween } from '../domain/time/elapsed.ts'
import { HOUR, type Instant, NEVER, SECOND } from '../domain/time/instant.ts'
import { type WeekDay, weekOf } from '../domain/time/week.ts'
import type { AuditHead } from './audit.ts'
import type { Clock } from './clock.ts'
import type { Assignment } from './daemon.ts'
import type { Endpoint } from './endpoint.ts'
import type { EndpointStatus } from './endpoint-watch.ts'
import type { EngineOverview } from './engine-overview.ts'
import type { LastReload } from './last-reload.ts'
import type { Ongoing } from './ongoing.ts'
import { endpointKey } from './site.ts'
import { inSlices } from './slices.ts'
import { endpointStatusOf } from './status.ts'
import { within } from './within.ts'

/** An endpoint on the page. */
export type EndpointOverview = ReturnType<typeof endpointStatusOf> & {
  /** What ends now and within the next hour; undefined while it is not known. */
  readonly ends: readonly PolicyEnds[] | undefined
}

/** A policy on the page. */
export interface PolicyOverview {
  readonly policy: Policy
  /** Whether both the policy and the daemon say `enforce`. */
  readonly acts: boolean
  /** Undefined for a policy without hours. */
  readonly week: readonly WeekDay[] | undefined
}

/** Everything that the page shows of the daemon. */
export interface Overview {
  readonly at: Instant
  readonly mode: Mode
  readonly lastReload: LastReload
  readonly policySetHash: string
  /** Undefined where each unit has a chain of its own: see `engine`. */
  readonly audit: AuditHead | undefined
  readonly engine: EngineOverview
  readonly ongoing: Ongoing
  readonly unmatched: readonly UnmatchedEntry[]
  readonly endpoints: readonly EndpointOverview[]
  /** In the order of the configuration. */
  readonly policies: readonly PolicyOverview[]
}

/** On the largest endpoints a count takes seconds of computing, so that a reload of the page must not begin another. */
const COUNT_AGAIN_MS = 30 * SECOND

/** A reader does not wait longer for a count. It continues, and the next reader gets it. */
const COUNTED_WITHIN_MS = 2 * SECOND

type Counts = ReadonlyMap<string, readonly PolicyEnds[]>

const NO_COUNTS: Counts = new Map()

interface Parts {
  readonly clock: Clock
  readonly inForce: () => Assignment
  readonly status: () => readonly EndpointStatus[]
  readonly ends: (withinMs: number) => Promise<Counts>
  readonly others: () => Pick<Overview, 'lastReload' | 'audit' | 'engine' | 'ongoing' | 'unmatched'>
}

/**
 * Makes the overview of the moment. What is costly is computed for the first reader, and kept for the next ones.
 * `names`: whether a text may name people.
 */
export const createOverview = ({ clock, inForce, status, ends, others }: Parts) => {
  const isCounted = (counts: Counts) =>
    status().every(({ decisions, endpoint }) => decisions === undefined || counts.has(keyOf(endpoint)))
  const countEnds = createCounts({ clock, inForce, ends, isCounted })
  const weekOfPolicy = createWeeks()

  /** A week takes about a millisecond, and there may be hundreds. */
  const prepareWeeks = async () => {
    const { policies } = inForce().policies
    const now = clock.now()
    const prepare = (from: number, to: number) => {
      for (const policy of policies.slice(from, to)) weekOfPolicy(policy, now)
    }
    await inSlices(clock, policies.length, prepare, new AbortController().signal, 1)
  }

  return async (names = false): Promise<Overview> => {
    await prepareWeeks()
    const counts = await countEnds()
    const { settings, policies } = inForce()
    const { mode, policySetHash } = settings
    const at = clock.now()
    return {
      at,
      mode,
      policySetHash,
      ...others(),
      endpoints: status().map((one) => ({
        ...endpointStatusOf(one, names),
        ends: one.decisions && counts.get(keyOf(one.endpoint)),
      })),
      policies: policies.policies.map((policy) => ({
        policy,
        acts: acts(policy, mode),
        week: weekOfPolicy(policy, at),
      })),
    }
  }
}

const keyOf = ({ region, id }: Endpoint) => endpointKey(region, id)

type Counting =
  | { readonly state: 'running'; readonly under: Assignment; readonly work: Promise<Counts> }
  | { readonly state: 'done'; readonly under: Assignment; readonly counts: Counts; readonly doneAt: Elapsed }

/** The counts by the configuration in force, at most `COUNT_AGAIN_MS` old; none while they are not known. */
const createCounts = ({
  clock,
  inForce,
  ends,
  isCounted,
}: Pick<Parts, 'clock' | 'inForce' | 'ends'> & {
  /** Whether each endpoint that has been judged is among the counted ones. */
  readonly isCounted: (counts: Counts) => boolean
}) => {
  let counting: Counting | undefined

  const begin = (under: Assignment): Promise<Counts> => {
    const work = ends(HOUR).then(
      (counts) => {
        counting = { state: 'done', under, counts, doneAt: clock.elapsed() }
        return counts
      },
      (error: unknown) => {
        counting = undefined
        throw error
      },
    )
    counting = { state: 'running', under, work }
    return work
  }

  return async (): Promise<Counts> => {
    const under = inForce()
    const known = counting
    if (known?.state === 'done' && known.under === under && isCounted(known.counts)) {
      if (msBetween(known.doneAt, clock.elapsed()) < COUNT_AGAIN_MS) return known.counts
    }
    const counts = await within(clock, COUNTED_WITHIN_MS, known?.state === 'running' ? known.work : begin(under))
    return counts === 'late' || (known?.state === 'running' && known.under !== under) ? NO_COUNTS : counts
  }
}

/** The week of a policy changes with its day alone. */
const createWeeks = () => {
  const weeks = new WeakMap<Policy, readonly WeekDay[]>()
  return (policy: Policy, now: Instant): readonly WeekDay[] | undefined => {
    const { kind, rule, from = -NEVER, until = NEVER } = policy
    const hours = kind.hours?.(rule)
    if (hours === undefined) return undefined
    const [today, ...later] = weeks.get(policy) ?? []
    if (today !== undefined && today.from <= now && now < today.until) return [today, ...later]
    const week = weekOf(hours, { from, until }, now)
    weeks.set(policy, week)
    return week
  }
}
