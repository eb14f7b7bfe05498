import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { BEFORE_ALL, lineOf } from '../../../src/adapters/audit/audit-line.ts'
import { createStateFile, loadState, peekState } from '../../../src/adapters/files/state-file.ts'
import { createEventLog } from '../../../src/adapters/log/event-log.ts'
import { EMPTY_STATE, type State } from '../../../src/app/state.ts'
import { nextPolicyAges } from '../../../src/domain/policies/policy-ages.ts'
import { HOUR, MINUTE } from '../../../src/domain/time/instant.ts'
import { assignment, startWorld } from '../../app/world.ts'
import { connection, NOON, policy } from '../../domain/build.ts'
import { fuzzRuns } from '../../fuzz-runs.ts'
import { turnedBits } from '../../turned-bits.ts'
import { damagedJson } from './json-damage.ts'

const folder = () => {
  const path = mkdtempSync(join(tmpdir(), 'curfew-state-'))
  return {
    path,
    file: join(path, 'state.json'),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  }
}

/** People and policies that leave something behind of every sort: marks, graces, cuts, warnings, holds, open calls. */
const office = (state?: State) =>
  startWorld({
    assignment: assignment([
      policy('max-session-age', { maxAge: '8h' }, { name: 'daily', guard: 'off', cooldownMs: HOUR }),
      policy('max-session-age', { maxAge: '2h' }, { name: 'patient', graceMs: 2 * HOUR, warn: [HOUR, MINUTE] }),
      policy('idle-timeout', { after: '30m' }, { name: 'quiet' }),
      policy('banned-users', { users: ['held-*'] }, { name: '__proto__' }),
    ]),
    connections: [
      connection({ id: 'old', username: 'alice', establishedAt: NOON - 9 * HOUR }),
      connection({ id: 'in-grace', username: '__proto__', establishedAt: NOON - 3 * HOUR }),
      connection({ id: 'undated', username: 'bob', establishedAt: undefined }),
      ...Array.from({ length: 12 }, (_, index) => connection({ id: `held-${index}`, username: `held-${index}` })),
    ],
    ...(state && { state }),
  })

/** The state of that office after ten minutes, as a file. */
const writtenState = async (file: string) => {
  await using world = office()
  world.aws.behaviour.lies = (id) => id === 'old'
  await world.clock.advance(10 * MINUTE)
  const state = world.saved()
  await createStateFile(file).save(state)
  return { state, bytes: readFileSync(file) }
}

/** What a start finds. */
const found = (file: string, bytes: Uint8Array): Promise<State> => {
  writeFileSync(file, bytes)
  return peekState(file)
}

describe('a state file that has changed since it was written', () => {
  it('is not believed, whichever bit of it was turned', async () => {
    using at = folder()
    const { bytes } = await writtenState(at.file)
    for (const { turned } of turnedBits(bytes, 16)) expect(await found(at.file, turned)).toBe(EMPTY_STATE)
  })

  it('is not believed, wherever it was cut off', async () => {
    using at = folder()
    const { state, bytes } = await writtenState(at.file)
    for (let length = 0; length < bytes.length; length++) {
      expect(await found(at.file, bytes.subarray(0, length))).toBe(EMPTY_STATE)
    }
    expect(await found(at.file, bytes)).toEqual(state)
  })

  it('is not believed where blocks of it are gone, doubled, empty or of another time', async () => {
    using at = folder()
    const { bytes } = await writtenState(at.file)
    await createStateFile(at.file).save(EMPTY_STATE)
    const before = readFileSync(at.file)
    const block = fc.tuple(
      fc.nat(bytes.length),
      fc.nat(64),
      fc.constantFrom('gone', 'doubled', 'empty', 'older', 'any'),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(block, fc.uint8Array({ maxLength: 8 })), { minLength: 1 }), async (blocks) => {
        let left = Buffer.from(bytes)
        for (const [[from, length, what], any] of blocks) {
          const [head, middle, tail] = [
            left.subarray(0, from),
            left.subarray(from, from + length),
            left.subarray(from + length),
          ]
          const instead = {
            gone: Buffer.alloc(0),
            doubled: Buffer.concat([middle, middle]),
            empty: Buffer.alloc(middle.length),
            older: before.subarray(from, from + length),
            any: Buffer.from(any),
          }[what]
          left = Buffer.concat([head, instead, tail])
        }
        fc.pre(!left.equals(bytes) && !left.equals(before))
        expect(await found(at.file, left)).toBe(EMPTY_STATE)
      }),
      { numRuns: fuzzRuns(300) },
    )
  })
})

describe('a state file of before there was a checksum', () => {
  it('is read as it is', async () => {
    using at = folder()
    const { state } = await writtenState(at.file)
    expect(await found(at.file, Buffer.from(JSON.stringify({ version: 1, ...state })))).toEqual(state)
  })

  it.each([
    ['since', 1e308],
    ['deadline', 8.65e15],
    ['alsoBy', undefined],
    ['because', 7],
  ])(
    'is set aside where a termination under way has no sound %s: the audit trail could not be written',
    async (key, value) => {
      using at = folder()
      const { state } = await writtenState(at.file)
      const pursuits = Object.values(state.endpoints).flatMap((endpoint) => endpoint.pursuits)
      expect(pursuits.length).toBeGreaterThan(0)
      for (const { violation } of pursuits) Object.assign(violation, { [key]: value })
      expect(await found(at.file, Buffer.from(JSON.stringify({ version: 1, ...state })))).toBe(EMPTY_STATE)
    },
  )

  it('never costs the daemon, whatever is written in it', async () => {
    using at = folder()
    const { state } = await writtenState(at.file)
    let believed = 0
    await fc.assert(
      fc.asyncProperty(damagedJson(JSON.stringify({ version: 1, ...state })), async (text) => {
        writeFileSync(at.file, text)
        const loaded = await loadState(at.file)
        if (loaded.setAside !== undefined) {
          expect(loaded.state).toBe(EMPTY_STATE)
          return
        }
        believed++
        const world = office(loaded.state)
        await world.clock.advance(20 * MINUTE)
        world.stop.abort()
        await world.clock.advance(MINUTE)
        await world.stopped
        expect(world.of('decided').length).toBeGreaterThan(1)
        for (const record of world.audit.records) lineOf(record, BEFORE_ALL)
        const tell = createEventLog(pino({ base: null }, { write: () => {} }))
        for (const event of world.events) tell(event)
      }),
      { numRuns: fuzzRuns(60) },
    )
    expect(believed).toBeGreaterThan(0)
  })
})

describe('a state file', () => {
  it('brings back whatever people and policies are called', async () => {
    using at = folder()
    const store = createStateFile(at.file)
    const name = fc.oneof(fc.constantFrom('__proto__', 'constructor', 'toString', ''), fc.string({ unit: 'binary' }))
    const named = <Value>(value: fc.Arbitrary<Value>) =>
      fc.array(fc.tuple(name, value), { maxLength: 3 }).map((entries) => Object.fromEntries(entries))
    const instant = fc.integer({ min: -1e15, max: 1e15 })
    const policies = named(fc.record({ hash: fc.string(), acts: fc.boolean(), changedAt: instant }))
    await fc.assert(
      fc.asyncProperty(policies, named(named(instant)), async (ages, instants) => {
        const memory = {
          firstSeen: {},
          countersMovedAt: null,
          notes: {},
          graceStarted: instants,
          terminated: instants,
          warned: {},
        }
        const guardLimits = { maxPercent: 50, minConnections: 10 }
        const endpoint = { memory, guard: [], guardLimits, watchedSince: 1, pursuits: [] }
        const state: State = { policies: ages, endpoints: { office: endpoint } }
        await store.save(state)
        const { state: loaded } = await loadState(at.file)
        // Not `toEqual`, which sees no `__proto__`.
        expect(JSON.stringify(loaded)).toBe(JSON.stringify(state))
      }),
      { numRuns: fuzzRuns(100) },
    )
  })

  it('remembers since when a policy called __proto__ is as it is', async () => {
    using at = folder()
    const named = policy('max-session-age', { maxAge: '8h' }, { name: '__proto__', hash: 'same' })
    await createStateFile(at.file).save({ policies: nextPolicyAges({}, [named], 'enforce', NOON), endpoints: {} })
    const { policies } = await peekState(at.file)
    expect(Object.values(nextPolicyAges(policies, [named], 'enforce', NOON + HOUR))).toEqual([
      { hash: 'same', acts: true, changedAt: NOON },
    ])
  })

  it('keeps nobody waiting where a pipe stands in its place', async () => {
    using at = folder()
    execFileSync('/usr/bin/mkfifo', [at.file])
    expect(await peekState(at.file)).toBe(EMPTY_STATE)
    expect((await loadState(at.file)).setAside).toMatchObject({ file: `${at.file}.unreadable` })
  })
})
