import { expect, it } from 'vitest'
import { createToldFaults } from '../../../src/adapters/postgres/told-faults.ts'
import { elapsedAt, plusMs } from '../../../src/domain/time/elapsed.ts'

it('tells a reason once while it lasts, each new one, and one that is back at most once a minute', () => {
  let now = elapsedAt(0)
  const faults = createToldFaults({ elapsed: () => now })
  const after = (ms: number, reason: string, kind = 'away') => {
    now = plusMs(now, ms)
    return faults.isNews(kind, reason)
  }
  expect(after(0, 'refused')).toBe(true)
  expect(after(600_000, 'refused')).toBe(false)
  expect(after(1000, 'starting')).toBe(true)
  expect(after(1000, 'refused')).toBe(true)
  expect(after(1000, 'starting')).toBe(false)
  expect(after(1000, 'refused')).toBe(false)
  expect(after(1000, 'restored', 'restored')).toBe(true)
  expect(after(56_000, 'starting')).toBe(true)
  faults.ended()
  expect(after(0, 'starting')).toBe(true)
})
