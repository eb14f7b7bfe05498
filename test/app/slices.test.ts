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
  /** Steps of work, by the turn of the event loop in which they are done. */
  const createTurns = () => {
    const perTurn = [0]
    const turn = () => {
      perTurn.push(0)
      timer = setImmediate(turn)
    }
    let timer = setImmediate(turn)
    return {
      did: (steps: number) => {
        perTurn[perTurn.length - 1] = (perTurn.at(-1) ?? 0) + steps
      },
      most: () => Math.max(...perTurn),
      total: () => perTurn.reduce((sum, one) => sum + one),
      [Symbol.dispose]: () => clearImmediate(timer),
    }
  }
  type Turns = ReturnType<typeof createTurns>

  /** The same set. It counts the principals whose relation to it is found, and the entries that it indexes. */
  const counted = (set: PolicySet, relations: Turns, entries: Turns): PolicySet => ({
    ...set,
    nearMisses: (location) => {
      const find = set.nearMisses(location)
      return (principal) => {
        relations.did(1)
        return find(principal)
      }
    },
    indexing: {
      left: set.indexing.left,
      advance: (count) => {
        entries.did(count)
        set.indexing.advance(count)
      },
    },
  })

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
    using relations = createTurns()
    using entries = createTurns()
    const next = { ...edited, policies: counted(edited.policies, relations, entries) }
    await Promise.all([world.daemon.meet(next), world.clock.advance(0)])
    expect([relations.total(), relations.most()]).toEqual([length, SLICE_ROWS])
    await world.daemon.reload(next)
    expect(relations.total()).toBe(length)
    await world.clock.advance(MINUTE)
    expect(world.of('accepted').map(({ violation }) => violation.username)).toEqual(['person-7'])
  })

  it.each(['at the start', 'at an edit'])('index a list of thousands of names in slices: %s', async (when) => {
    const people = 2 * SLICE_ROWS
    const connections = Array.from({ length: people }, (_, index) => connection({ username: `person-${index}` }))
    const users = Array.from({ length: 5 * SLICE_ROWS }, (_, index) => `left-${index}`)
    const large = assignment([policy('banned-users', { users }, { guard: 'off' })])
    using relations = createTurns()
    using entries = createTurns()
    const next = { ...large, policies: counted(large.policies, relations, entries) }
    const steps = next.policies.indexing.left()
    expect(steps).toBeGreaterThanOrEqual(users.length)
    await using world = startWorld({ assignment: when === 'at the start' ? next : assignment([]), connections })
    await world.clock.advance(MINUTE)
    if (when === 'at an edit') {
      await Promise.all([world.daemon.meet(next), world.clock.advance(0)])
      await world.daemon.reload(next)
    }
    await world.clock.advance(MINUTE)
    // Nothing but the slices indexes an entry, and each gives way to what else waits, such as a probe.
    expect(next.policies.indexing.left()).toBe(0)
    expect([entries.total(), entries.most()]).toEqual([steps, SLICE_ROWS])
    expect([relations.total(), relations.most()]).toEqual([people, SLICE_ROWS])
  })
})
