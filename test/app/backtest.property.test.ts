import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Clock } from '../../src/app/clock.ts'
import { createDaemon } from '../../src/app/daemon.ts'
import { EMPTY_STATE } from '../../src/app/state.ts'
import { VpnError, type VpnSite } from '../../src/app/vpn.ts'
import { principalNamesOf } from '../../src/domain/names/user-list.ts'
import type { RecordedSession } from '../../src/domain/recording/recorded-session.ts'
import { HOUR, type Instant, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { replay } from '../domain/backtest/build.ts'
import { type Month, month, PLACES, recordingOfMonth, START, setOf } from '../domain/backtest/months.ts'
import { IS_NIGHTLY } from '../nightly.ts'
import { createProcess } from '../world/process.ts'
import { createTimeline } from '../world/timeline.ts'
import { filtered } from './filtered.ts'
import { createStandInTrail } from './stand-in-trail.ts'
import { SITE } from './world.ts'

interface Ended {
  readonly at: Instant
  readonly policy: string
  readonly reason: string
}

/** Endpoints on which the sessions of a month come and go. */
const createEndpoints = (sessions: readonly RecordedSession[], clock: Clock) => {
  const cutAt = new Map<string, Instant>()

  const isUp = ({ connectionId, establishedAt, endedAt }: RecordedSession): boolean =>
    establishedAt <= clock.now() && clock.now() < endedAt && !cutAt.has(connectionId)

  const vpn: VpnSite = {
    endpoints: async () => [],
    missingPermissions: async () => [],
    account: async () => '111122223333',
    snapshot: async (endpointId) => ({
      endpointId,
      begunAt: clock.now(),
      completedAt: clock.now(),
      connections: sessions
        .filter((one) => one.endpointId === endpointId && isUp(one))
        .map(({ connectionId, username, commonName, establishedAt, posture }) => ({
          id: connectionId,
          endpointId,
          region: SITE.region,
          username,
          commonName,
          establishedAt,
          status: 'active',
          ingressBytes: undefined,
          egressBytes: undefined,
          posture,
        })),
    }),
    lookUp: (...asked) => filtered(vpn)(...asked),
    async terminate(target) {
      const nameOf = (username: string) => principalNamesOf({ username, commonName: undefined }).username
      const chosen = sessions.filter(
        (one) =>
          one.endpointId === target.endpointId &&
          isUp(one) &&
          ('connectionId' in target
            ? one.connectionId === target.connectionId
            : one.username !== undefined && nameOf(one.username) === nameOf(target.username)),
      )
      if (chosen.length === 0)
        throw new VpnError('connectionId' in target ? 'connection-not-found' : 'user-not-found', 'gone')
      for (const { connectionId } of chosen) cutAt.set(connectionId, clock.now())
      const statuses = chosen.map(({ connectionId }) => ({ connectionId, previous: 'active', current: 'terminating' }))
      return { requestId: undefined, statuses }
    },
  }
  return { vpn, cutAt }
}

/** Reads at each instant at which sessions may begin or end; where a policy counts over all endpoints also a second later. */
const pollsOf = ({ unitMs, policies }: Month) => {
  const isOverAll = policies.some(({ rule }) => rule.kind === 'max-sessions' && rule.across === 'all')
  return {
    next(now: Instant): Instant {
      const passed = (((now - START) % unitMs) + unitMs) % unitMs
      return now - passed + (isOverAll && passed < SECOND ? SECOND : unitMs)
    },
  }
}

/** The sessions that the daemon ends while the month passes, and why. */
const live = async (one: Month): Promise<ReadonlyMap<string, Ended>> => {
  const timeline = createTimeline(START - SECOND)
  const { clock } = createProcess(timeline, () => 0)
  const { vpn, cutAt } = createEndpoints(one.sessions, clock)
  const audit = createStandInTrail()
  const daemon = createDaemon({
    assignment: {
      policies: setOf(one),
      written: undefined,
      settings: {
        mode: 'enforce',
        policySetHash: 'month',
        staleAfterMs: 2 * one.unitMs + MINUTE,
        minGapMs: 1,
        termination: { verifyWithinMs: MINUTE, attempts: 3 },
        guard: { maxPercent: 100, minConnections: 1_000_000, lookAheadMs: 0 },
      },
      schedule: '',
      terminationRate: { burst: 1_000_000, perSecond: 1_000_000 },
      watch: [{ site: SITE, endpoints: PLACES.map((id) => ({ id, name: id })), discover: undefined }],
    },
    connect: () => vpn,
    scheduleOf: () => pollsOf(one),
    clock,
    random: () => 0.5,
    emit: () => {},
    audit: audit.trail,
    state: EMPTY_STATE,
    readPolicySet: () => undefined,
    store: { save: async () => {} },
  })
  const stop = new AbortController()
  const stopped = daemon.run(stop.signal)
  await timeline.runUntil(Math.max(...one.sessions.map(({ endedAt }) => endedAt)) + SECOND)
  stop.abort()
  await timeline.runUntil(timeline.now() + MINUTE)
  await stopped
  return new Map(
    audit.of('intent').flatMap(({ connectionId, policy, reason }) => {
      const at = cutAt.get(connectionId)
      return at === undefined ? [] : [[connectionId, { at, policy, reason }] as const]
    }),
  )
}

const expectSameEnds = async (one: Month): Promise<number> => {
  const { cuts } = replay(setOf(one), recordingOfMonth(one), { modes: 'as-written' })
  const ended = await live(one)
  const replayed = new Map(
    cuts.map(({ session, at, policy, reason }) => {
      const lived = ended.get(session.connectionId)
      // Over all endpoints the daemon waits until each has been read in a later second: AWS tells whole seconds.
      const isWithinASecond = lived !== undefined && lived.at >= at && lived.at <= at + SECOND
      return [session.connectionId, { at: isWithinASecond ? lived.at : at, policy: policy.name, reason }] as const
    }),
  )
  expect(Object.fromEntries(replayed)).toEqual(Object.fromEntries(ended))
  return cuts.length
}

const MINUTES = { length: { sessions: 80, units: 240, unitMs: 2 * SECOND }, runs: IS_NIGHTLY ? 150 : 2 }
/** Thirty-five days of people who come and go every two hours. The daemon wakes three million times. */
const WEEKS = { length: { sessions: 2000, units: 420, unitMs: 2 * HOUR }, runs: 4 }

describe('a replay and the daemon, given the same month', () => {
  it.each(IS_NIGHTLY ? [MINUTES, WEEKS] : [MINUTES])(
    'end the same sessions at the same instants, for the same reasons: $length',
    async ({ length, runs }) => {
      let ended = 0
      await fc.assert(
        fc.asyncProperty(month(length), async (one) => {
          ended += await expectSameEnds(one)
        }),
        { numRuns: runs },
      )
      expect(ended).toBeGreaterThan(IS_NIGHTLY ? 3 * runs : runs)
    },
    20 * MINUTE,
  )
})
