import type * as chainFile from '../../src/adapters/audit/chain-file.ts'
import type * as pages from '../../src/adapters/aws/pages.ts'
import type { Disk } from '../../src/adapters/files/disk.ts'
import type * as executor from '../../src/app/executor.ts'
import type * as knownByTrail from '../../src/app/known-by-trail.ts'
import type * as lookups from '../../src/app/lookups.ts'
import type * as readBudget from '../../src/app/read-budget.ts'
import type { PageList } from '../../src/app/read-budget.ts'
import type * as serveTenure from '../../src/app/serve-tenure.ts'
import type * as skewClock from '../../src/app/skew-clock.ts'
import { EMPTY_STATE } from '../../src/app/state.ts'
import type * as tenureDaemon from '../../src/app/tenure-daemon.ts'
import type * as terminationQueue from '../../src/app/termination-queue.ts'
import type * as guard from '../../src/domain/guard/guard.ts'
import type * as standing from '../../src/domain/guard/standing.ts'
import type * as assessment from '../../src/domain/judge/assessment.ts'
import type * as verdict from '../../src/domain/judge/verdict.ts'
import type * as view from '../../src/domain/judge/view.ts'
import type * as bannedUsers from '../../src/domain/policies/banned-users.ts'
import type * as policyKinds from '../../src/domain/policies/policy.ts'
import type * as evidence from '../../src/domain/terminate/evidence.ts'
import type * as restsOnName from '../../src/domain/terminate/rests-on-name.ts'
import type * as termination from '../../src/domain/terminate/termination.ts'
import type * as tokenBucket from '../../src/domain/terminate/token-bucket.ts'
import type * as awsTime from '../../src/domain/time/aws-time.ts'
import { msBetween, plusMs } from '../../src/domain/time/elapsed.ts'
import { MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import type * as timeWindow from '../../src/domain/time/time-window.ts'
import type * as engineRules from './engine-rules.ts'

/** The modules whose exports a plant may replace, by their path in `src`. */
interface Modules {
  'adapters/audit/chain-file.ts': typeof chainFile
  'adapters/aws/pages.ts': typeof pages
  'app/executor.ts': typeof executor
  'app/known-by-trail.ts': typeof knownByTrail
  'app/lookups.ts': typeof lookups
  'app/read-budget.ts': typeof readBudget
  'app/serve-tenure.ts': typeof serveTenure
  'app/skew-clock.ts': typeof skewClock
  'app/tenure-daemon.ts': typeof tenureDaemon
  'app/termination-queue.ts': typeof terminationQueue
  'domain/guard/guard.ts': typeof guard
  'domain/guard/standing.ts': typeof standing
  'domain/judge/assessment.ts': typeof assessment
  'domain/judge/verdict.ts': typeof verdict
  'domain/judge/view.ts': typeof view
  'domain/policies/banned-users.ts': typeof bannedUsers
  'domain/policies/policy.ts': typeof policyKinds
  'domain/terminate/rests-on-name.ts': typeof restsOnName
  'domain/terminate/termination.ts': typeof termination
  'domain/terminate/token-bucket.ts': typeof tokenBucket
  'domain/terminate/evidence.ts': typeof evidence
  'domain/time/aws-time.ts': typeof awsTime
  'domain/time/time-window.ts': typeof timeWindow
  // The rules of the stand-ins of an engine and of its database: the bugs that real ones might have.
  '../test/world/engine-rules.ts': typeof engineRules
}

/** A plausible bug: a replacement for an export of a module of `src`. */
export interface Plant {
  readonly bug: string
  readonly file: keyof Modules
  readonly name: string
  /** Makes the replacement, which every importing module gets. The file of the export goes on asking its own. */
  readonly instead: (original: never) => unknown
  /** The promises that the bug may break. The world must report one of them. */
  readonly breaks: readonly string[]
  /** A seed from which worlds soon show the bug. */
  readonly seed: number
  /** Whether `npm test` runs the plant. The others run in `npm run test:nightly`. */
  readonly always?: boolean
  /** Whether only a world of replicas can show the bug. */
  readonly replicas?: boolean
}

/** The types make sure that a plant fits the export that it replaces, so that a refactoring cannot leave it behind. */
const plant = <File extends keyof Modules, Name extends keyof Modules[File] & string>(
  file: File,
  name: Name,
  instead: (original: Modules[File][Name]) => Modules[File][Name],
  about: Omit<Plant, 'file' | 'name' | 'instead'>,
): Plant => ({ file, name, instead, ...about })

/** A disk whose `datasync` does nothing. */
const unsynced = (disk: Disk): Disk => ({
  ...disk,
  async open(path, flags, mode) {
    const handle = await disk.open(path, flags, mode)
    return new Proxy(handle, {
      get(target, key) {
        if (key === 'datasync') return async () => {}
        const value: unknown = Reflect.get(target, key)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  },
})

/** The bugs that the world must detect. Daemons of this sort have had them, or might. */
export const PLANTS: readonly Plant[] = [
  plant(
    'adapters/aws/pages.ts',
    'readAllPages',
    (original) => (readPage) => original((token) => readPage(token).catch(() => ({ rows: [], nextToken: undefined }))),
    {
      bug: 'a failed page counts as an empty one',
      breaks: [
        'confirmed means that the connection is gone',
        'nothing ends without a verdict',
        'no due connection is forgotten',
      ],
      seed: 5,
      always: true,
    },
  ),
  plant(
    'domain/terminate/rests-on-name.ts',
    'restsOnNameAlone',
    (original) =>
      (policy, ...rest) =>
        policy.kind.scope === 'principal' ? original(policy, ...rest) : true,
    {
      bug: 'a call by user name rests on a verdict about one connection',
      breaks: ['nothing ends without a verdict'],
      seed: 5005,
    },
  ),
  plant('domain/terminate/rests-on-name.ts', 'MOST_BY_NAME', () => Number.POSITIVE_INFINITY as 5, {
    bug: 'a call by user name ends any number of connections',
    breaks: ['a call by user name ends at most five connections'],
    seed: 1,
  }),
  plant(
    'domain/time/time-window.ts',
    'createTimeWindows',
    (original) =>
      (_zone, ...rest) =>
        original('UTC', ...rest),
    {
      bug: 'hours are read in the wrong time zone',
      breaks: ['nothing ends without a verdict', 'no due connection is forgotten'],
      seed: 212,
    },
  ),
  plant(
    'domain/time/time-window.ts',
    'parseHours',
    (original) => (text) => {
      const parsed = original(text)
      if ('problem' in parsed) return parsed
      return { value: { ...parsed.value, toMinute: parsed.value.toMinute + 1 } }
    },
    { bug: 'a time window ends a minute late', breaks: ['nothing ends without a verdict'], seed: 4 },
  ),
  plant(
    'adapters/audit/chain-file.ts',
    'openChainFile',
    (original) =>
      (disk, ...rest) =>
        original(unsynced(disk), ...rest),
    { bug: 'an intent is not synced to disk', breaks: ['every call has an intent on disk'], seed: 1 },
  ),
  plant(
    'app/executor.ts',
    'createExecutor',
    (original) => (options) => {
      const made = original(options)
      const intend = async (...asked: Parameters<typeof made.requester.intend>) => {
        made.requester.intend(...asked).catch(() => {})
      }
      return { ...made, requester: { ...made.requester, intend } }
    },
    {
      bug: 'a call does not wait for its intent',
      breaks: ['every call has an intent on disk'],
      seed: 1,
      always: true,
    },
  ),
  plant(
    'domain/judge/verdict.ts',
    'judge',
    (original) =>
      (applicability, ...rest) =>
        original({ ...applicability, exemptIn: [] }, ...rest),
    { bug: 'exemptions are ignored', breaks: ['nothing ends without a verdict'], seed: 1 },
  ),
  plant(
    'domain/policies/policy.ts',
    'mayEnd',
    () =>
      ({ name }, { mode, held }) =>
        mode === 'enforce' && !held.has(name),
    {
      bug: 'a policy in audit mode ends connections',
      breaks: ['nothing ends without a verdict'],
      seed: 1,
      always: true,
    },
  ),
  plant(
    'domain/policies/policy.ts',
    'mayEnd',
    () =>
      (policy, { mode }) =>
        mode === 'enforce' && policy.mode === 'enforce',
    {
      bug: 'a held policy goes on',
      breaks: ['a held policy ends nobody'],
      seed: 1,
      always: true,
    },
  ),
  plant(
    'domain/guard/guard.ts',
    'reviewDue',
    (original) => (decisions, before, guarded) =>
      original(decisions, before, {
        ...guarded,
        limits: { ...guarded.limits, maxPercent: 100, minConnections: Number.POSITIVE_INFINITY },
      }),
    {
      bug: 'the guard does not check verdicts on counters',
      breaks: ['terminations never exceed the limits of the guard'],
      seed: 1,
    },
  ),
  plant(
    'domain/terminate/token-bucket.ts',
    'createTokenBucket',
    (original) =>
      (...asked) => ({ ...original(...asked), tryTake: () => true, availableAt: (now) => now }),
    { bug: 'a bucket never empties', breaks: ['calls never exceed the rate'], seed: 2 },
  ),
  plant(
    'domain/terminate/termination.ts',
    'step',
    (original) => (termination, happening, now, rule) =>
      happening.what === 'seen' && termination?.state === 'unproven'
        ? original(termination, { ...happening, status: 'terminated' }, now, rule)
        : original(termination, happening, now, rule),
    {
      bug: 'an acknowledgement counts as a proof',
      breaks: ['confirmed means that the connection is gone'],
      seed: 1,
      always: true,
    },
  ),
  plant(
    'domain/terminate/termination.ts',
    'step',
    (original) => (termination, happening, now, rule) =>
      happening.what === 'seen' && happening.status === undefined
        ? original(termination, { ...happening, status: 'terminated' }, now, rule)
        : original(termination, happening, now, rule),
    {
      bug: 'one snapshot without the connection counts as a proof',
      breaks: ['confirmed means that the connection is gone'],
      seed: 200,
    },
  ),
  plant(
    'domain/terminate/evidence.ts',
    'evidenceOf',
    (original) => (lookup, witness) => {
      const evidence = original(lookup, witness)
      if (evidence === 'not-filtered') return evidence
      const statuses = new Map(lookup.asked.map((id) => [id, evidence.statuses.get(id)]))
      if (witness !== undefined) statuses.delete(witness)
      return { ...evidence, statuses }
    },
    {
      bug: 'a lookup that lacks its witness proves an absence',
      breaks: ['confirmed means that the connection is gone'],
      seed: 18,
      always: true,
    },
  ),
  plant(
    'domain/terminate/evidence.ts',
    'evidenceOf',
    (original) => (lookup, witness) => {
      const evidence = original(lookup, witness)
      if (evidence === 'not-filtered') return evidence
      return {
        ...evidence,
        statuses: new Map(lookup.asked.map((id) => [id, evidence.statuses.get(id) ?? 'terminated'])),
      }
    },
    {
      bug: 'a lookup that answers nothing is believed at once',
      breaks: ['confirmed means that the connection is gone'],
      seed: 18,
      always: true,
    },
  ),
  plant(
    'app/lookups.ts',
    'createLookups',
    (original) => (options) => {
      const lookUp: typeof options.vpn.lookUp = (endpointId, asked, signal) =>
        options.vpn.lookUp(endpointId, asked, signal).catch(() => {
          const now = options.clock.now()
          const witness = options.snapshot()?.connections.filter(({ id }) => id === asked.at(-1)) ?? []
          return { endpointId, asked, begunAt: now, completedAt: now, connections: witness }
        })
      return original({ ...options, vpn: { lookUp } })
    },
    {
      bug: 'an absence from a damaged answer to a lookup counts as a proof',
      breaks: ['confirmed means that the connection is gone'],
      seed: 34,
      always: true,
    },
  ),
  plant(
    'domain/policies/banned-users.ts',
    'bannedUsers',
    (original) => ({
      ...original,
      judge: (rule, name) => {
        const judgeOf = original.judge(rule, name)
        return (principal) => {
          const { find, because } = judgeOf(principal)
          return {
            because,
            find(...asked) {
              const finding = find(...asked)
              return finding.word === 'violated' ? { ...finding, since: finding.since + MINUTE } : finding
            },
          }
        }
      },
    }),
    {
      bug: 'a banned user who reconnects stays connected for a minute',
      breaks: ['banned users are disconnected in time', 'no due connection is forgotten'],
      seed: 1,
    },
  ),
  plant(
    'domain/guard/guard.ts',
    'reviewEdits',
    (original) => (before, guarded) => original(before, { ...guarded, limits: { ...guarded.limits, lookAheadMs: 0 } }),
    { bug: 'the guard does not look ahead', breaks: ['an edit that ends too many is held'], seed: 3 },
  ),
  plant(
    'domain/guard/guard.ts',
    'reviewEdits',
    (original) => (before, guarded) => original(before, { ...guarded, earlierSet: () => undefined }),
    { bug: 'the rules before an edit are forgotten', breaks: ['an edit that ends too many is held'], seed: 303 },
  ),
  plant(
    'domain/guard/guard.ts',
    'reviewEdits',
    (original) => (before, guarded) => original({ ...before, counted: [] }, guarded),
    {
      bug: 'each edit is counted alone',
      breaks: ['terminations never exceed the limits of the guard'],
      seed: 4,
    },
  ),
  plant(
    'domain/guard/standing.ts',
    'stands',
    (original) =>
      (standing, policy, ...rest) =>
        original(standing, { ...policy, guard: 'on' }, ...rest),
    {
      bug: 'the guard holds a policy with guard: off',
      breaks: ['verdicts are held only with the guard on'],
      seed: 2,
    },
  ),
  plant(
    'app/skew-clock.ts',
    'createSkewClock',
    (original) => (host, onSkew) => ({ ...original(host, onSkew), now: host.now }),
    {
      bug: 'the clock of the host is not corrected by answers of AWS',
      breaks: ['nothing ends while the clock is wrong'],
      seed: 3,
    },
  ),
  plant(
    'domain/time/aws-time.ts',
    'nextAwsTime',
    (original) => (time, happening) => {
      const next = original(time, happening)
      if (happening.what !== 'answered') return next
      return { ...next, state: 'confirmed', base: (happening.bounds.from + happening.bounds.to) / 2 }
    },
    {
      bug: 'one answer with a wrong date moves the clock',
      breaks: ['nothing ends while the clock is wrong', 'nothing ends without a verdict'],
      seed: 20,
      always: true,
    },
  ),
  plant(
    'domain/time/aws-time.ts',
    'hostTime',
    (original) => (hostBase) => ({ ...original(hostBase), state: 'confirmed' }),
    {
      bug: 'the clock of the host is believed before AWS has confirmed it',
      breaks: ['nothing ends while the clock is wrong', 'nothing ends without a verdict'],
      seed: 1,
    },
  ),
  plant(
    'domain/terminate/termination.ts',
    'retryRule',
    (original) => (asked) => ({ ...original(asked), againAfterMs: 5000 * MINUTE }),
    {
      bug: 'a connection is given up for good',
      breaks: ['no due connection is forgotten', 'banned users are disconnected in time'],
      seed: 1004,
    },
  ),
  plant(
    'app/known-by-trail.ts',
    'createKnownByTrail',
    (original) =>
      (...asked) => {
        const trail = original(...asked)
        const known = () => {
          const { state, unproven } = trail.known()
          const endpoints = Object.entries(state.endpoints).map(([key, kept]) => [key, { ...kept, terminations: [] }])
          return { state: { ...state, endpoints: Object.fromEntries(endpoints) }, unproven }
        }
        return { ...trail, known }
      },
    {
      bug: 'a restart forgets the calls in flight',
      breaks: ['every call gets an outcome in the trail'],
      seed: 1,
    },
  ),
  plant(
    'domain/judge/assessment.ts',
    'assess',
    (original) =>
      (...asked) => {
        const assessed = original(...asked)
        const { countersAside, onCounters } = assessed
        return {
          ...assessed,
          countersAside: { ...countersAside, endsRegardless: false },
          onCounters: onCounters && { ...onCounters, endsRegardless: false },
        }
      },
    {
      bug: 'a connection that ends regardless makes another one surplus',
      breaks: ['nothing ends without a verdict'],
      seed: 12,
    },
  ),
  plant(
    'app/executor.ts',
    'createExecutor',
    (original) => (options) => {
      const made = original(options)
      let leads = new Map<string, ReturnType<typeof leadOf>>()
      const leadOf = (plan: Parameters<typeof made.follow>[0]['terminate'][number]) => plan.lead
      const isWanted: typeof made.requester.isWanted = (call, now) => {
        const [first, ...others] = call.decisions
        const renewed = (decision: typeof first) => ({
          ...decision,
          lead: leads.get(decision.connection.id) ?? decision.lead,
        })
        return made.requester.isWanted({ ...call, decisions: [renewed(first), ...others.map(renewed)] }, now)
      }
      return {
        ...made,
        follow(plan, until, now) {
          leads = new Map(plan.terminate.map((decision) => [decision.connection.id, decision.lead]))
          made.follow(plan, until, now)
        },
        requester: { ...made.requester, isWanted },
      }
    },
    {
      bug: 'a call leaves under a policy that no longer makes the connection due',
      breaks: ['nothing ends without a verdict'],
      seed: 203,
    },
  ),
  plant(
    'domain/judge/view.ts',
    'nextView',
    (original) => (view, sighting, now, limits) =>
      original(view, sighting.what === 'failure' && view.state === 'fresh' ? { what: 'time' } : sighting, now, limits),
    {
      bug: 'counters are used after a failed read',
      breaks: ['a failed read suspends policies on changing facts'],
      seed: 2,
    },
  ),
  plant(
    'app/read-budget.ts',
    'createReadBudgets',
    (original) => (clock) => {
      const budgets = original(clock)
      let reading: PageList | undefined
      let askedAt = clock.elapsed()
      return (key, rate) => {
        const permit = budgets(key, rate)
        return async (signal, list) => {
          while (reading !== undefined && reading !== list && msBetween(askedAt, clock.elapsed()) < 10 * SECOND) {
            if (signal.aborted) return
            await clock.sleep(SECOND, signal)
          }
          ;[reading, askedAt] = [list, clock.elapsed()]
          return permit(signal, list)
        }
      }
    },
    {
      bug: 'a list waits until no other list is being read',
      breaks: ['slow endpoints do not delay another one'],
      seed: 3,
    },
  ),
  plant(
    'app/termination-queue.ts',
    'createTerminationQueue',
    (original) => (options) => {
      const queue = original(options)
      const run: typeof queue.run = (stop, abort) => {
        const late = new AbortController()
        const hear = () => void options.clock.sleep(3 * SECOND, new AbortController().signal).then(() => late.abort())
        stop.addEventListener('abort', hear, { once: true })
        return queue.run(late.signal, abort)
      }
      return new Proxy(queue, { get: (target, key) => (key === 'run' ? run : Reflect.get(target, key)) })
    },
    { bug: 'a call leaves after a stop', breaks: ['no call leaves after a stop'], seed: 1 },
  ),
  plant(
    'app/termination-queue.ts',
    'createTerminationQueue',
    (original) => (options) => original({ ...options, holds: () => true }),
    {
      bug: 'the queue does not ask whether the unit is still held',
      breaks: ['no call leaves after a newer tenure was granted'],
      seed: 7,
      always: true,
      replicas: true,
    },
  ),
  plant(
    'app/termination-queue.ts',
    'createTerminationQueue',
    (original) => (options) => original({ ...options, isDrained: false }),
    {
      bug: 'the bucket is full after a takeover',
      breaks: ['calls never exceed the rate'],
      seed: 5,
      always: true,
      replicas: true,
    },
  ),
  plant(
    'app/serve-tenure.ts',
    'serveTenure',
    (original) => (options) =>
      original({ ...options, tenure: { ...options.tenure, lost: new AbortController().signal } }),
    {
      bug: 'a lost tenure goes on',
      breaks: [
        'a lost tenure writes nothing',
        'a free unit is taken within two beats',
        'no due connection is forgotten',
      ],
      seed: 1,
      replicas: true,
    },
  ),
  plant(
    'app/tenure-daemon.ts',
    'createTenureDaemon',
    (original) => (options) => {
      const { keeping } = options
      const load = async () => ({ state: EMPTY_STATE, setAside: undefined })
      return original({ ...options, keeping: { ...keeping, store: { ...keeping.store, load } } })
    },
    {
      bug: 'a takeover begins without the state',
      breaks: [
        'a takeover carries over what was remembered',
        'an edit that ends too many is held',
        'terminations never exceed the limits of the guard',
      ],
      seed: 1,
      replicas: true,
    },
  ),
  plant(
    'app/tenure-daemon.ts',
    'createTenureDaemon',
    (original) => (options) => original({ ...options, keeping: { ...options.keeping, replay: async () => {} } }),
    {
      bug: 'a takeover does not read the chain',
      breaks: ['every call gets an outcome in the trail', 'a takeover carries over what was remembered'],
      seed: 1,
      replicas: true,
    },
  ),
  plant('../test/world/engine-rules.ts', 'mayReplaceState', () => () => true, {
    bug: 'a state is saved without a look at its epoch',
    breaks: ['no state of an older tenure replaces a newer one'],
    seed: 35,
    always: true,
    replicas: true,
  }),
  plant(
    '../test/world/engine-rules.ts',
    'holdsUntil',
    (original) =>
      (...asked) =>
        plusMs(original(...asked), 20 * SECOND),
    {
      bug: 'a replica relies on its lease for too long',
      breaks: ['no call leaves after a newer tenure was granted'],
      seed: 5,
      replicas: true,
    },
  ),
  plant('../test/world/engine-rules.ts', 'mayUnlock', () => () => true, {
    bug: 'a unit is given back before its daemon has ended',
    breaks: ['no call leaves after a newer tenure was granted', 'no record of a held unit is refused'],
    seed: 16,
    replicas: true,
  }),
  plant('../test/world/engine-rules.ts', 'balance', (original) => (seen) => original({ ...seen, isOld: false }), {
    bug: 'a replica with older files goes on taking units',
    breaks: ['a rolling edit is one edit'],
    seed: 3,
    replicas: true,
  }),
  plant(
    '../test/world/engine-rules.ts',
    'balance',
    (original) => (seen) => (seen.isOld ? original(seen) : { ...original(seen), giveBack: 0 }),
    {
      bug: 'no unit is given back to a replica that joins',
      breaks: ['replicas have fair shares'],
      seed: 2,
      replicas: true,
    },
  ),
]
