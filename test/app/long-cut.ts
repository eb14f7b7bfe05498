import { createDaemon } from '../../src/app/daemon.ts'
import type { CurfewEvent } from '../../src/app/events.ts'
import { EMPTY_STATE } from '../../src/app/state.ts'
import type { Connection } from '../../src/domain/connection.ts'
import type { Policy } from '../../src/domain/policies/policy.ts'
import type { Rate } from '../../src/domain/terminate/token-bucket.ts'
import { HOUR, type Instant, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { createRandom } from '../../src/simulator/random.ts'
import { connection, NOON, policy } from '../domain/build.ts'
import { createManualClock, settled } from './manual-clock.ts'
import { createStandInTrail } from './stand-in-trail.ts'
import { createThrottledAws, type Neighbour } from './throttled-aws.ts'
import { assignment } from './world.ts'

/** A scenario of many terminations, which take minutes or hours of simulated time with the real daemon. */
export interface LongCut {
  readonly policies: readonly Policy[]
  readonly connections: readonly Connection[]
  readonly pollEveryMs: number
  /** Curfew's share of the account's rate of terminations. */
  readonly rate: Rate
  readonly latencyMs: { readonly from: number; readonly to: number }
  readonly neighbour?: Neighbour
  readonly forMs: number
  readonly seed?: number
}

export interface LongCutFigures {
  readonly endedIds: readonly string[]
  readonly calls: number
  readonly throttled: number
  /** From the start to the last accepted call, and to the last confirmation. */
  readonly acceptedAfterMs: number
  readonly provenAfterMs: number
  readonly proven: number
  /** From the latest of deadline, established and start to the accepted call; sorted. */
  readonly lagsMs: readonly number[]
  /** When each call was answered, counted from the start, and its outcome. */
  readonly answers: ReadonlyArray<{ readonly afterMs: number; readonly outcome: string }>
  readonly throttledPages: number
  readonly neighbour: { readonly asked: number; readonly served: number }
}

export const runLongCut = async (scenario: LongCut): Promise<LongCutFigures> => {
  const { pollEveryMs, rate, latencyMs, neighbour, forMs, seed = 1 } = scenario
  const random = createRandom(seed)
  const clock = createManualClock(NOON)
  const readRate: Rate = { burst: 50, perSecond: 10 }
  const aws = createThrottledAws({
    clock,
    connections: scenario.connections,
    random: random.requests,
    latencyMs,
    readRate,
  })
  const answers: Array<{ readonly afterMs: number; readonly outcome: string }> = []
  const lagsMs: number[] = []
  let [acceptedAt, provenAt, proven] = [NOON, NOON, 0]

  const emit = (event: CurfewEvent) => {
    if (event.event === 'call-answered') answers.push({ afterMs: event.at - NOON, outcome: event.outcome })
    if (event.event === 'accepted') {
      acceptedAt = event.at
      lagsMs.push(event.at - Math.max(event.violation.deadline ?? NOON, event.established ?? NOON, NOON))
    }
    if (event.event === 'termination' && event.outcome === 'confirmed') {
      provenAt = event.at
      proven++
    }
  }

  const daemon = createDaemon({
    assignment: { ...assignment(scenario.policies), terminationRate: rate },
    connect: () => aws.vpn,
    scheduleOf: () => ({ next: (now: Instant) => (Math.floor(now / pollEveryMs) + 1) * pollEveryMs }),
    clock,
    random: () => random.world.within({ from: 0, to: 999_999 }) / 1_000_000,
    emit,
    audit: createStandInTrail().trail,
    state: EMPTY_STATE,
    readPolicySet: () => undefined,
    // The state of so many connections is megabytes, written each second. It is not measured here.
    store: { save: async () => {} },
  })
  const stop = new AbortController()
  const stopped = daemon.run(stop.signal)
  if (neighbour !== undefined) void aws.share(neighbour, stop.signal)
  await clock.advance(forMs)
  stop.abort()
  await settled()
  await clock.advance(MINUTE)
  await stopped

  return {
    endedIds: aws.endedIds(),
    calls: answers.length,
    throttled: answers.filter(({ outcome }) => outcome === 'throttled').length,
    acceptedAfterMs: acceptedAt - NOON,
    provenAfterMs: provenAt - NOON,
    proven,
    lagsMs: lagsMs.sort((a, b) => a - b),
    answers,
    throttledPages: aws.seen.throttledPages,
    neighbour: { asked: aws.seen.neighbourAsked, served: aws.seen.neighbourServed },
  }
}

/** The smallest value that at least the given share of all values does not exceed. */
export const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN

const LATENCY = { from: 80, to: 160 }
const AWS_RATE: Rate = { burst: 50, perSecond: 5 }

const tooOld = policy('max-session-age', { maxAge: '8h' }, { guard: 'off' })

/** 7,000 connections that exceed their age at once, with the whole rate of the account. */
export const massCut = (): LongCut => ({
  policies: [tooOld],
  connections: Array.from({ length: 7000 }, (_, index) =>
    connection({ username: `person-${index}`, establishedAt: NOON - 9 * HOUR - index }),
  ),
  pollEveryMs: 15 * SECOND,
  rate: AWS_RATE,
  latencyMs: LATENCY,
  forMs: 30 * MINUTE,
})

/** When the last of the calls may leave, from a full bucket, in ms. */
export const theoreticalMs = (calls: number, { burst, perSecond }: Rate): number =>
  Math.max(0, (calls - burst) / perSecond) * SECOND

/** 2,500 due connections. For ten minutes another tool uses the same account. */
export const sharedCut = (perSecond: number): LongCut => {
  const alone = massCut()
  const neighbour = { fromMs: 5 * MINUTE, untilMs: 15 * MINUTE, perSecond }
  return { ...alone, connections: alone.connections.slice(0, 2500), neighbour }
}

/** One poll a minute. Connections reach their age at any instant between two polls. */
export const quietHours = (count = 600): LongCut => {
  const random = createRandom(7).world
  return {
    policies: [tooOld],
    connections: Array.from({ length: count }, (_, index) =>
      connection({
        username: `person-${index}`,
        establishedAt: NOON - 8 * HOUR + random.within({ from: SECOND, to: HOUR }),
      }),
    ),
    pollEveryMs: MINUTE,
    rate: { burst: 40, perSecond: 4 },
    latencyMs: LATENCY,
    forMs: HOUR + MINUTE,
  }
}

/**
 * The fewest calls that end exactly these connections: one for each user whose name is banned, one for every other
 * connection.
 */
export const smallestSafeNumber = (due: readonly Connection[]): number =>
  new Set(due.map(({ id, username }) => (username?.startsWith('leaver-') ? username : id))).size

/**
 * Users with one to five connections each. Some are banned by name, some by certificate; some connections exceed their
 * age.
 */
export const mixedCut = (users = 1200): LongCut => {
  const user = (index: number) => `${['leaver', 'badge', 'person', 'person'][index % 4]}-${index}`
  return {
    policies: [
      tooOld,
      policy('banned-users', { users: ['user:leaver-*', 'cn:badge-*'] }, { name: 'leavers', guard: 'off' }),
    ],
    connections: Array.from({ length: users }, (_, index) => index).flatMap((index) =>
      Array.from({ length: 1 + (index % 5) }, (_, session) =>
        connection({
          username: user(index),
          commonName: user(index),
          // Every third connection exceeds its age.
          establishedAt: NOON - ((index % 300) + session) * MINUTE - ((index + session) % 3 === 0 ? 9 * HOUR : 0),
        }),
      ),
    ),
    pollEveryMs: 15 * SECOND,
    rate: AWS_RATE,
    latencyMs: LATENCY,
    forMs: 15 * MINUTE,
  }
}
