import { describe, expect, it } from 'vitest'
import { HOUR, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import {
  type LongCutFigures,
  massCut,
  mixedCut,
  quietHours,
  runLongCut,
  sharedCut,
  smallestSafeNumber,
  theoreticalMs,
} from '../app/long-cut.ts'
import { NOON } from '../domain/build.ts'

const accepted = ({ answers }: LongCutFigures) => answers.filter(({ outcome }) => outcome === 'accepted').length

describe('the termination of 7,000 connections', () => {
  it('uses the whole rate of the account, and less than one percent of its calls are throttled', async () => {
    const scenario = massCut()
    const figures = await runLongCut(scenario)
    expect(figures.endedIds).toHaveLength(7000)
    expect(figures.proven).toBe(7000)
    expect(theoreticalMs(7000, scenario.rate)).toBe(1390 * SECOND)
    expect(figures.acceptedAfterMs).toBeGreaterThan(1389 * SECOND)
    expect(figures.provenAfterMs).toBeLessThan(1.01 * 1390 * SECOND)
    expect(figures.throttled).toBeLessThan(0.01 * figures.calls)
    expect(figures.throttledPages).toBe(0)
  })
})

describe('the termination queue beside another tool that uses the same account', () => {
  it('calls rarely while the tool uses the whole rate for ten minutes, keeps its order, then recovers', async () => {
    const recoveriesMs: number[] = []
    for (const seed of [1, 2, 3, 4, 5]) {
      const scenario = { ...sharedCut(20), seed }
      const figures = await runLongCut(scenario)
      const meanwhile = figures.answers.filter(({ afterMs }) => afterMs >= 5 * MINUTE && afterMs < 15 * MINUTE)
      expect(meanwhile.length).toBeLessThan(0.1 * 10 * 60 * scenario.rate.perSecond)
      expect(figures.neighbour.served).toBeGreaterThan(0.98 * 10 * 60 * scenario.rate.perSecond)
      expect(figures.endedIds).toHaveLength(2500)
      recoveriesMs.push(figures.acceptedAfterMs - theoreticalMs(2500, scenario.rate) - 10 * MINUTE)
      // A throttled call keeps its place in the queue: only calls in flight may overtake it.
      const urgent = scenario.connections.toSorted((a, b) => (a.establishedAt ?? 0) - (b.establishedAt ?? 0))
      const place = new Map(urgent.map(({ id }, index) => [id, index]))
      const moved = figures.endedIds.map((id, index) => Math.abs((place.get(id) ?? Number.NaN) - index))
      expect(Math.max(...moved)).toBeLessThan(8)
    }
    // The last pause may begin as the tool ends, and takes up to 20 s. Calls at a reduced rate, until the whole rate is
    // won back, lose up to 15 s.
    expect(Math.max(...recoveriesMs)).toBeLessThan((20 + 15) * SECOND)
    const [, , median] = recoveriesMs.toSorted((a, b) => a - b)
    expect(median).toBeLessThan(20 * SECOND)
  })

  it('uses only the rate that the tool leaves', async () => {
    const scenario = sharedCut(4)
    const figures = await runLongCut(scenario)
    expect(figures.endedIds).toHaveLength(2500)
    const { asked, served } = figures.neighbour
    expect(served).toBeGreaterThan(0.95 * asked)
    expect(figures.throttled / 2500).toBeLessThan(0.05)
    // The tool leaves 1 of 5 calls a second for ten minutes. After that the queue has all 5. The burst is 50 calls.
    const fairMs = 10 * MINUTE + ((2500 - 50 - 1 * 600) / 5) * SECOND
    expect(figures.acceptedAfterMs).toBeLessThan(1.01 * fairMs)
  })
})

describe('with one poll a minute', () => {
  it('each connection that becomes due between two polls is terminated within a second', async () => {
    const figures = await runLongCut(quietHours())
    expect(figures.lagsMs).toHaveLength(600)
    expect(figures.lagsMs[0]).toBeGreaterThanOrEqual(0)
    expect(figures.lagsMs.at(-1)).toBeLessThanOrEqual(SECOND)
    expect(figures.throttled).toBe(0)
  })
})

describe('users with up to five connections, some banned and some connected for too long', () => {
  it('lose exactly the due connections, by the smallest safe number of calls', async () => {
    const scenario = mixedCut()
    const figures = await runLongCut(scenario)
    const due = scenario.connections.filter(
      ({ username = '', establishedAt = NOON }) =>
        /^(?:leaver|badge)-/.test(username) || NOON + scenario.forMs - establishedAt >= 8 * HOUR,
    )
    expect(figures.endedIds.toSorted()).toEqual(due.map(({ id }) => id).sort())
    expect(accepted(figures)).toBe(smallestSafeNumber(due))
  })
})
