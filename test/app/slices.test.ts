import { describe, expect, it } from 'vitest'
import { inSlices, SLICE_ROWS } from '../../src/app/slices.ts'
import type { PolicySet } from '../../src/domain/policies/policy-set.ts'
import { elapsedAt } from '../../src/domain/time/elapsed.ts'
import { HOUR, MINUTE } from '../../src/domain/time/instant.ts'
import { connection, NOON, policy } from '../domain/build.ts'
import { assignment, startWorld } from './world.ts'

/** Reads rows of which each takes a time, and returns how many were read in each slice. */
const slicesOf = async (length: number, msOf: (row: number) => number, mostStep?: number) => {
  let elapsed = 0
  const slices = [0]
  const rows: number[] = []
  const clock = {
    elapsed: () => elapsedAt(elapsed),
    sleep: async () => {
      slices.push(0)
    },
  }
  const read = (from: number, to: number) => {
    for (let row = from; row < to; row++) {
      elapsed += msOf(row)
      rows.push(row)
      slices[slices.length - 1] = (slices.at(-1) ?? 0) + 1
    }
  }
  await inSlices(clock, length, read, new AbortController().signal, mostStep)
  expect(rows).toEqual(Array.from({ length }, (_, row) => row))
  return slices
}

describe('work in slices', () => {
  it('gives way after a row that takes long, however many rows there are', async () => {
    expect(Math.max(...(await slicesOf(300, () => 5)))).toBe(1)
    expect(Math.max(...(await slicesOf(300, () => 1)))).toBeLessThanOrEqual(4)
  })

  it('gives way soon when rows begin to take long', async () => {
    const slices = await slicesOf(400, (row) => (row < 200 ? 0 : 5))
    // The step had grown to 50 rows; after the first slow one it is small again.
    expect(slices.filter((rows) => rows > 13)).toHaveLength(1)
  })

  it('gives way after a thousand rows that take no time, and seldom before', async () => {
    expect(await slicesOf(2_500, () => 0)).toEqual([SLICE_ROWS, SLICE_ROWS, 500])
  })
})

describe('policies that are not in force yet', () => {
  /** The same set, counting in each turn of the event loop the principals whose relation to it is found. */
  const counted = (set: PolicySet) => {
    const perTurn = [0]
    const turn = () => {
      perTurn.push(0)
      timer = setImmediate(turn)
    }
    let timer = setImmediate(turn)
    const nearMisses: PolicySet['nearMisses'] = (location) => {
      const find = set.nearMisses(location)
      return (principal) => {
        perTurn[perTurn.length - 1] = (perTurn.at(-1) ?? 0) + 1
        return find(principal)
      }
    }
    return {
      set: { ...set, nearMisses },
      most: () => Math.max(...perTurn),
      total: () => perTurn.reduce((sum, one) => sum + one),
      [Symbol.dispose]: () => clearImmediate(timer),
    }
  }

  it('meet the connections of a large endpoint in slices, so that the judgement after a reload meets nobody', async () => {
    const length = 3 * SLICE_ROWS
    const connections = Array.from({ length }, (_, index) =>
      connection({ username: `person-${index}`, commonName: undefined, establishedAt: NOON - HOUR }),
    )
    const daily = policy('max-session-age', { maxAge: '8h' }, { guard: 'off' })
    await using world = startWorld({ assignment: assignment([daily]), connections })
    await world.clock.advance(MINUTE)
    const edited = assignment([
      daily,
      policy('banned-users', { users: ['person-7', '*name-1*'] }, { name: 'ban', hash: 'b', guard: 'off' }),
    ])
    using relations = counted(edited.policies)
    const next = { ...edited, policies: relations.set }
    await Promise.all([world.daemon.meet(next), world.clock.advance(0)])
    expect([relations.total(), relations.most()]).toEqual([length, SLICE_ROWS])
    await world.daemon.reload(next)
    expect(relations.total()).toBe(length)
    await world.clock.advance(MINUTE)
    expect(world.of('accepted').map(({ violation }) => violation.username)).toEqual(['person-7'])
  })
})
