import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ShareView, shareStep } from '../../src/app/share.ts'
import { slowRuns } from '../fuzz-runs.ts'

const view = (some: Partial<ShareView> = {}): ShareView => ({
  units: 10,
  members: [
    { id: 1, held: 5 },
    { id: 2, held: 5 },
  ],
  me: 1,
  free: 0,
  leftOver: 0,
  isSettled: true,
  beyond: 0,
  ...some,
})
const held = (...counts: number[]) => counts.map((count, index) => ({ id: index + 1, held: count }))

describe('the step towards even shares', () => {
  it('is none where the shares are even', () => {
    expect(shareStep(view())).toEqual({ take: 0, beyond: 0, giveBack: 0 })
  })

  it('takes what the share misses at once, also while the members have just changed', () => {
    expect(shareStep(view({ members: held(3, 5), free: 2, isSettled: false })).take).toBe(2)
  })

  it('takes everything where nobody else is there', () => {
    expect(shareStep(view({ members: held(0), free: 10, isSettled: false })).take).toBe(10)
  })

  it('leaves to others what their shares miss', () => {
    expect(shareStep(view({ members: held(5, 3), free: 2 })).take).toBe(0)
  })

  it('gives the odd unit to the first of those who miss it', () => {
    const members = held(3, 3, 3)
    expect([1, 2, 3].map((me) => shareStep(view({ members, me, free: 1 })).take)).toEqual([1, 0, 0])
  })

  it('gives back what is beyond the share, once everything is settled', () => {
    const members = held(10, 0)
    expect(shareStep(view({ members, isSettled: false })).giveBack).toBe(0)
    expect(shareStep(view({ members })).giveBack).toBe(5)
  })

  it('gives back the odd unit where another member has less than it would without it', () => {
    const members = held(2, 2, 0)
    expect([1, 2, 3].map((me) => shareStep(view({ units: 4, members, me })).giveBack)).toEqual([0, 1, 0])
  })

  it('takes what is left over beyond its share, and keeps it', () => {
    const step = shareStep(view({ members: held(5, 4), free: 1, leftOver: 1 }))
    expect(step).toEqual({ take: 1, beyond: 1, giveBack: 0 })
    expect(shareStep(view({ members: held(6, 4), beyond: 1 })).giveBack).toBe(0)
    expect(shareStep(view({ members: held(6, 4), beyond: 0 })).giveBack).toBe(1)
  })
})

describe('replicas that come and go', () => {
  /** Replicas that each step in turn, as the law does; here every unit has an owner or none, and nothing is on its way. */
  const round = (owners: (number | undefined)[], members: readonly number[]): number => {
    let moved = 0
    for (const me of members) {
      const free = owners.flatMap((owner, unit) => (owner === undefined ? [unit] : []))
      const counts = members.map((id) => ({ id, held: owners.filter((owner) => owner === id).length }))
      const isSettled = free.length === 0
      const step = shareStep({
        units: owners.length,
        members: counts,
        me,
        free: free.length,
        leftOver: 0,
        isSettled,
        beyond: 0,
      })
      for (const unit of free.slice(0, step.take)) owners[unit] = me
      for (let left = step.giveBack; left > 0; left--) owners[owners.lastIndexOf(me)] = undefined
      moved += step.take + step.giveBack
    }
    return moved
  }

  it('hold everything evenly after a few beats, whoever was there before, and then rest', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 60 }),
        fc.array(fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 }), {
          minLength: 1,
          maxLength: 5,
        }),
        (units, changes) => {
          const owners: (number | undefined)[] = Array.from({ length: units }, () => undefined)
          for (const members of changes) {
            for (const [unit, owner] of owners.entries()) {
              if (owner !== undefined && !members.includes(owner)) owners[unit] = undefined
            }
            for (let beat = 0; beat < 8; beat++) round(owners, members)
            const counts = members.map((id) => owners.filter((owner) => owner === id).length)
            expect(counts.reduce((sum, count) => sum + count, 0)).toBe(units)
            expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
            expect(round(owners, members)).toBe(0)
          }
        },
      ),
      { numRuns: slowRuns(500) },
    )
  })

  it('never take more than is free, nor give back more than they hold', () => {
    const numbers = fc.integer({ min: 0, max: 20 })
    fc.assert(
      fc.property(
        fc.array(numbers, { minLength: 1, maxLength: 5 }),
        numbers,
        numbers,
        numbers,
        (counts, free, left, beyond) => {
          const members = held(...counts)
          const units = counts.reduce((sum, count) => sum + count, free)
          for (const { id, held: mine } of members) {
            const step = shareStep(view({ units, members, me: id, free, leftOver: left, beyond }))
            expect(step.take).toBeLessThanOrEqual(free)
            expect(step.giveBack).toBeLessThanOrEqual(mine)
            expect(Math.min(step.take, step.giveBack)).toBe(0)
            expect(step.beyond).toBeGreaterThanOrEqual(0)
          }
        },
      ),
      { numRuns: slowRuns(500) },
    )
  })
})
