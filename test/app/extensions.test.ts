import { describe, expect, it } from 'vitest'
import type { ReplayedRecord } from '../../src/app/audit.ts'
import type { ExtensionAnswer, ExtensionRight } from '../../src/app/extension-right.ts'
import { createKnownByTrail } from '../../src/app/known-by-trail.ts'
import { EMPTY_STATE } from '../../src/app/state.ts'
import type { Connection } from '../../src/domain/connection.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { connection, NOON, PLACE, policy } from '../domain/build.ts'
import { settled } from './manual-clock.ts'
import { assignment, startWorld } from './world.ts'

const daily = policy(
  'max-session-age',
  { maxAge: '8h' },
  { name: 'daily', guard: 'off', warn: [15 * MINUTE], extend: { byMs: HOUR, times: 1 } },
)
const ENDS_AT = NOON + 10 * MINUTE
const ending = () => connection({ establishedAt: ENDS_AT - 8 * HOUR })
const rightTo = (one: Connection, different: Partial<ExtensionRight> = {}): ExtensionRight => ({
  ...PLACE,
  connectionId: one.id,
  policy: 'daily',
  ordinal: 1,
  endsAt: ENDS_AT,
  ...different,
})

const watching = async (one: Connection, options: Partial<Parameters<typeof startWorld>[0]> = {}) => {
  const scheduleOf = () => ({ next: (now: number) => now + MINUTE })
  const world = startWorld({ assignment: assignment([daily]), connections: [one], scheduleOf, ...options })
  await world.clock.advance(SECOND)
  return world
}

const stateOf = async (answer: Promise<ExtensionAnswer>) => (await answer).state

describe('the button of a link', () => {
  it('moves the end: it is on disk in the trail, told, and in the state, and the connection ends on time', async () => {
    const one = ending()
    await using world = await watching(one)
    expect(world.of('warning').map(({ extension }) => extension)).toEqual([1])
    expect(world.daemon.extensions.look(rightTo(one))).toMatchObject({ state: 'open', endpointName: 'office' })
    expect(world.audit.of('extended')).toEqual([])
    expect(await world.daemon.extensions.press(rightTo(one))).toMatchObject({
      state: 'granted',
      endpointName: 'office',
      extension: { granted: 1, until: ENDS_AT + HOUR },
    })
    expect(world.audit.of('extended')).toMatchObject([
      {
        ...PLACE,
        connectionId: one.id,
        username: 'alice',
        policy: 'daily',
        deadline: ENDS_AT,
        endsAt: ENDS_AT + HOUR,
        extension: 1,
        by: '1h',
        via: 'link',
      },
    ])
    expect(world.of('extended')).toMatchObject([{ ordinal: 1, byMs: HOUR, endsAt: ENDS_AT + HOUR }])
    await world.clock.advance(HOUR)
    const kept = Object.values(world.saved().endpoints).map(({ extended }) => extended)
    expect(kept).toEqual([{ [one.id]: { daily: { granted: 1, until: ENDS_AT + HOUR } } }])
    expect(world.of('warning').map(({ endsAt, extension }) => [endsAt, extension])).toEqual([
      [ENDS_AT, 1],
      [ENDS_AT + HOUR, undefined],
    ])
    await world.clock.advance(10 * MINUTE - 2 * SECOND)
    expect(world.endedIds()).toEqual([])
    await world.clock.advance(2 * SECOND)
    expect(world.endedIds()).toEqual([one.id])
  })

  it('grants once, also if it is pressed twice at one instant, and refuses each further time', async () => {
    const one = ending()
    await using world = await watching(one)
    const pressed = [rightTo(one), rightTo(one), rightTo(one, { ordinal: 2 })].map(world.daemon.extensions.press)
    expect(await Promise.all(pressed.map(stateOf))).toEqual(['granted', 'extended', 'not-offered'])
    expect(world.audit.of('extended')).toHaveLength(1)
    expect(world.of('extension-refused').map(({ why }) => why)).toEqual(['extended', 'not-offered'])
  })

  it('grants nothing after its time, for another connection, or on an endpoint that is not watched', async () => {
    const one = ending()
    await using world = await watching(one)
    const { press } = world.daemon.extensions
    expect(await stateOf(press(rightTo(one, { endsAt: NOON + SECOND })))).toBe('too-late')
    expect(await stateOf(press(rightTo(connection())))).toBe('gone')
    expect(await stateOf(press(rightTo(one, { region: 'us-east-1' })))).toBe('not-watched')
    expect(world.audit.of('extended')).toEqual([])
    await world.clock.advance(10 * MINUTE)
    expect(world.endedIds()).toEqual([one.id])
  })

  it('grants nothing while the trail cannot be written, and can be pressed again', async () => {
    const one = ending()
    await using world = await watching(one)
    const { press } = world.daemon.extensions
    world.audit.disk.isFull = true
    expect(await press(rightTo(one))).toEqual({ state: 'unrecorded' })
    expect(world.daemon.extensions.look(rightTo(one)).state).toBe('open')
    expect(world.of('extended')).toEqual([])
    world.audit.disk.isFull = false
    expect(await stateOf(press(rightTo(one)))).toBe('granted')
  })

  it('does not wait for a disk that hangs, and counts once the disk has answered', async () => {
    const one = ending()
    await using world = await watching(one)
    const { write } = world.audit.trail
    let answers = () => {}
    const hung = new Promise<void>((resolve) => {
      answers = resolve
    })
    world.audit.trail.write = async (records) => {
      await hung
      await write(records)
    }
    const pressed = world.daemon.extensions.press(rightTo(one))
    await world.clock.advance(5 * SECOND)
    expect(await pressed).toEqual({ state: 'unrecorded' })
    expect(world.daemon.extensions.look(rightTo(one)).state).toBe('open')
    answers()
    await settled()
    expect(world.daemon.extensions.look(rightTo(one)).state).toBe('extended')
  })
})

describe('an extension after a restart', () => {
  const granted = async (one: Connection) => {
    const before = await watching(one)
    await before.daemon.extensions.press(rightTo(one))
    await before[Symbol.asyncDispose]()
    return before
  }

  const startedAgain = (one: Connection, options: Partial<Parameters<typeof startWorld>[0]>) =>
    watching(one, { startAt: NOON + 2 * MINUTE, ...options })

  it('counts by the state', async () => {
    const one = ending()
    const before = await granted(one)
    await using after = await startedAgain(one, { state: before.saved() })
    await after.clock.advance(HOUR)
    expect(after.endedIds()).toEqual([])
    expect(await stateOf(after.daemon.extensions.press(rightTo(one)))).toBe('extended')
  })

  it('counts by the trail, if the state is lost or was saved before it', async () => {
    const one = ending()
    const before = await granted(one)
    const trail = before.audit.of('extended') as readonly ReplayedRecord[]
    for (const state of [EMPTY_STATE, { ...before.saved(), endpoints: {} }]) {
      await using after = await startedAgain(one, { state, trail })
      await after.clock.advance(HOUR)
      expect(after.endedIds()).toEqual([])
      expect(await stateOf(after.daemon.extensions.press(rightTo(one)))).toBe('extended')
      await after.clock.advance(10 * MINUTE)
      expect(after.endedIds()).toEqual([one.id])
    }
  })

  it('is looked for in the trail of a whole day, if a policy has extensions', () => {
    const since = (policies: readonly (typeof daily)[]) =>
      createKnownByTrail(EMPTY_STATE, policies, NOON).since(undefined)
    expect(since([daily])).toBe(NOON - DAY)
    expect(since([{ ...daily, extend: undefined }])).toBe(NOON - HOUR)
  })
})
