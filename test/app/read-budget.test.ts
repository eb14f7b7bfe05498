import { setMaxListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { confirmedSnapshot } from '../../src/app/confirmed-snapshot.ts'
import { createReadBudgets } from '../../src/app/read-budget.ts'
import { type Vpn, VpnError } from '../../src/app/vpn.ts'
import type { Rate } from '../../src/domain/terminate/token-bucket.ts'
import { MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { NOON } from '../domain/build.ts'
import { createManualClock } from './manual-clock.ts'

const RATE = { burst: 5, perSecond: 2 }

describe('a read budget', () => {
  it('is shared by all requests with the same key, and separate for another key', async () => {
    const clock = createManualClock(NOON)
    const budgets = createReadBudgets(clock)
    const permits = { one: 0, other: 0 }
    const { signal } = new AbortController()
    setMaxListeners(0, signal) // All requests wait on it.
    for (let page = 0; page < 10; page++) {
      for (const _role of ['a', 'b']) void budgets('one', RATE)(signal).then(() => permits.one++)
      void budgets('other', RATE)(signal).then(() => permits.other++)
    }
    await clock.advance(0)
    expect(permits).toEqual({ one: 5, other: 5 })
    await clock.advance(2 * SECOND)
    expect(permits).toEqual({ one: 9, other: 9 })
  })
})

/** Reads the lists of endpoints again and again. A page is answered after `pageMs`. Returns the complete lists of each. */
const readFor = async (
  totalMs: number,
  { endpoints, pages, pageMs, rate }: { endpoints: number; pages: number; pageMs: number; rate: Rate },
) => {
  const clock = createManualClock(NOON)
  const permit = createReadBudgets(clock)('account', rate)
  const stop = new AbortController()
  setMaxListeners(0, stop.signal) // All reads wait on it.
  const lists = Array.from({ length: endpoints }, () => 0)
  const vpn: Pick<Vpn, 'snapshot'> = {
    async snapshot(endpointId, signal, begins) {
      const list = { endpointId }
      let begunAt = clock.now()
      for (let page = 0; page < pages; page++) {
        await permit(signal, list)
        if (page === 0) begunAt = clock.now()
        if (page === 0) begins?.()
        await clock.sleep(pageMs, signal)
        if (signal.aborted) throw new VpnError('aborted', 'aborted')
      }
      return { endpointId, begunAt, completedAt: clock.now(), connections: [], unread: new Map() }
    },
  }
  const readAgain = async (nth: number) => {
    while (!stop.signal.aborted) {
      const read = confirmedSnapshot(vpn, clock, { endpointId: `${nth}`, staleAfterMs: 5 * MINUTE }, stop.signal)
      const { begunAt, completedAt } = await read.catch(() => ({ begunAt: 0, completedAt: Infinity }))
      if (completedAt - begunAt <= 5 * MINUTE) lists[nth] = (lists[nth] ?? 0) + 1
      await clock.sleep(15 * SECOND, stop.signal)
    }
  }
  const reading = lists.map((_, nth) => readAgain(nth))
  await clock.advance(totalMs)
  stop.abort()
  await clock.advance(MINUTE)
  await Promise.all(reading)
  return lists
}

describe('lists that need more than the rate', () => {
  it('are complete one after the other', async () => {
    const slow = { burst: 1, perSecond: 1 }
    const lists = await readFor(30 * MINUTE, { endpoints: 6, pages: 60, pageMs: 100, rate: slow })
    expect(Math.min(...lists)).toBeGreaterThanOrEqual(4)
  })

  it('are each read, also where some of them cannot begin before the limit', async () => {
    const slow = { burst: 1, perSecond: 1 }
    const lists = await readFor(30 * MINUTE, { endpoints: 12, pages: 60, pageMs: 100, rate: slow })
    expect(Math.min(...lists)).toBeGreaterThanOrEqual(1)
  })
})

describe('lists whose pages are slow', () => {
  it('do not wait for each other', async () => {
    const lists = await readFor(5 * MINUTE, {
      endpoints: 30,
      pages: 25,
      pageMs: 10 * SECOND,
      rate: { burst: 50, perSecond: 10 },
    })
    expect(lists).toEqual(lists.map(() => 1))
  })
})
