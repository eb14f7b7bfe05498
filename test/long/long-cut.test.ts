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

describe('a cut of 7,000 sessions', () => {
  it('takes what the account allows and hardly a call more', async () => {
    const cut = massCut()
    const figures = await runLongCut(cut)
    expect(figures.endedIds).toHaveLength(7000)
    expect(figures.proven).toBe(7000)
    expect(theoreticalMs(7000, cut.rate)).toBe(1390 * SECOND)
    expect(figures.acceptedAfterMs).toBeGreaterThan(1389 * SECOND)
    expect(figures.provenAfterMs).toBeLessThan(1.01 * 1390 * SECOND)
    expect(figures.throttled).toBeLessThan(0.01 * figures.calls)
    expect(figures.throttledPages).toBe(0)
  })
})

describe('beside another tool on the same account', () => {
  it('that takes everything for ten minutes: asks seldom, keeps the order, then goes on as before', async () => {
    const cut = sharedCut(20)
    const figures = await runLongCut(cut)
    const meanwhile = figures.answers.filter(({ afterMs }) => afterMs >= 5 * MINUTE && afterMs < 15 * MINUTE)
    expect(meanwhile.length).toBeLessThan(0.1 * 10 * 60 * cut.rate.perSecond)
    expect(figures.neighbour.served).toBeGreaterThan(0.98 * 10 * 60 * cut.rate.perSecond)
    expect(figures.endedIds).toHaveLength(2500)
    expect(figures.acceptedAfterMs).toBeLessThan(theoreticalMs(2500, cut.rate) + 10 * MINUTE + 20 * SECOND)
    // Whose call was throttled keeps the place: nobody is overtaken but by those in flight.
    const urgent = cut.connections.toSorted((a, b) => (a.establishedAt ?? 0) - (b.establishedAt ?? 0))
    const place = new Map(urgent.map(({ id }, index) => [id, index]))
    const moved = figures.endedIds.map((id, index) => Math.abs((place.get(id) ?? Number.NaN) - index))
    expect(Math.max(...moved)).toBeLessThan(8)
  })

  it('that leaves a little: takes no more than its share', async () => {
    const cut = sharedCut(4)
    const figures = await runLongCut(cut)
    expect(figures.endedIds).toHaveLength(2500)
    const { asked, served } = figures.neighbour
    expect(served).toBeGreaterThan(0.95 * asked)
    expect(figures.throttled / 2500).toBeLessThan(0.05)
    // What the neighbour leaves of 5 a second for ten minutes, and all of it afterwards.
    const fairMs = 10 * MINUTE + ((2500 - 50 - 1 * 600) / 5) * SECOND
    expect(figures.acceptedAfterMs).toBeLessThan(1.01 * fairMs)
  })
})

describe('with a poll a minute', () => {
  it('every session that reaches its limit in between is ended within a second', async () => {
    const figures = await runLongCut(quietHours())
    expect(figures.lagsMs).toHaveLength(600)
    expect(figures.lagsMs[0]).toBeGreaterThanOrEqual(0)
    expect(figures.lagsMs.at(-1)).toBeLessThanOrEqual(SECOND)
    expect(figures.throttled).toBe(0)
  })
})

describe('users with up to five sessions, some banned and some past their age', () => {
  it('are ended by the fewest calls that are safe, and nobody else is', async () => {
    const cut = mixedCut()
    const figures = await runLongCut(cut)
    const condemned = cut.connections.filter(
      ({ username = '', establishedAt = NOON }) =>
        /^(?:leaver|badge)-/.test(username) || NOON + cut.forMs - establishedAt >= 8 * HOUR,
    )
    expect(figures.endedIds.toSorted()).toEqual(condemned.map(({ id }) => id).sort())
    expect(accepted(figures)).toBe(smallestSafeNumber(condemned))
  })
})
