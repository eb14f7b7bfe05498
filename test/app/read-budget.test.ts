import { describe, expect, it } from 'vitest'
import { createReadBudgets } from '../../src/app/read-budget.ts'
import { SECOND } from '../../src/domain/time/instant.ts'
import { NOON } from '../domain/build.ts'
import { createManualClock } from './manual-clock.ts'

const RATE = { burst: 5, perSecond: 2 }

describe('a read budget', () => {
  it('is shared by all requests with the same key, and separate for another key', async () => {
    const clock = createManualClock(NOON)
    const budgets = createReadBudgets(clock)
    const permits = { one: 0, other: 0 }
    const { signal } = new AbortController()
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
