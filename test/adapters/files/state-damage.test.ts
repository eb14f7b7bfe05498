import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { BEFORE_ALL, lineOf } from '../../../src/adapters/audit/audit-line.ts'
import { seal } from '../../../src/adapters/files/seal.ts'
import { createStateFile } from '../../../src/adapters/files/state-file.ts'
import { createEventLog } from '../../../src/adapters/log/event-log.ts'
import { EMPTY_STATE, type State } from '../../../src/app/state.ts'
import { NO_GUARD_MEMORY } from '../../../src/domain/guard/guard.ts'
import { nextPolicyAges } from '../../../src/domain/policies/policy-ages.ts'
import { HOUR, MINUTE } from '../../../src/domain/time/instant.ts'
import { anyText } from '../../any-text.ts'
import { assignment, startWorld } from '../../app/world.ts'
import { connection, NOON, policy } from '../../domain/build.ts'
import { fuzzRuns } from '../../fuzz-runs.ts'
import { IS_NIGHTLY } from '../../nightly.ts'
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

/** Connections and policies that leave state of every kind: notes, graces, terminations, warnings, holds, open calls. */
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

/** The state that a start reads from a file with these bytes. */
const found = (file: string, bytes: Uint8Array): Promise<State> => {
  writeFileSync(file, bytes)
  return createStateFile(file).peek()
}

describe('a state file that was changed after it was written', () => {
  it('is not used, whichever bit was flipped', async () => {
    using at = folder()
    const { bytes } = await writtenState(at.file)
    for (const { turned } of turnedBits(bytes, IS_NIGHTLY ? 16 : 64)) {
      expect(await found(at.file, turned)).toBe(EMPTY_STATE)
      expect((await createStateFile(at.file).load()).setAside?.file).toBe(`${at.file}.unreadable`)
    }
  })

  it('is not used, wherever it was truncated', async () => {
    using at = folder()
    const { state, bytes } = await writtenState(at.file)
    for (let length = 0; length < bytes.length; length += IS_NIGHTLY ? 1 : 7) {
      expect(await found(at.file, bytes.subarray(0, length))).toBe(EMPTY_STATE)
      expect((await createStateFile(at.file).load()).setAside?.file).toBe(`${at.file}.unreadable`)
    }
    expect(await found(at.file, bytes)).toEqual(state)
  })

  it('is not used if blocks were removed, repeated, zeroed, replaced or taken from an older file', async () => {
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
        for (const [[from, length, kind], any] of blocks) {
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
          }[kind]
          left = Buffer.concat([head, instead, tail])
        }
        fc.pre(!left.equals(bytes) && !left.equals(before))
        expect(await found(at.file, left)).toBe(EMPTY_STATE)
      }),
      { numRuns: fuzzRuns(300) },
    )
  })
})

describe('a state file whose checksum is right', () => {
  it('is not used if the checksum is removed', async () => {
    using at = folder()
    const { state } = await writtenState(at.file)
    const content = JSON.stringify(state)
    expect(await found(at.file, Buffer.from(content))).toBe(EMPTY_STATE)
    expect(await found(at.file, seal(Buffer.from(content)))).toEqual(state)
  })

  it.each([
    ['since', 1e308],
    ['deadline', 8.65e15],
    ['alsoBy', undefined],
    ['because', 7],
  ])(
    'is set aside if an open termination has an invalid %s, because the audit trail could not record it',
    async (key, value) => {
      using at = folder()
      const { state } = await writtenState(at.file)
      const terminations = Object.values(state.endpoints).flatMap((endpoint) => endpoint.terminations)
      expect(terminations.length).toBeGreaterThan(0)
      for (const { violation } of terminations) Object.assign(violation, { [key]: value })
      expect(await found(at.file, seal(Buffer.from(JSON.stringify(state))))).toBe(EMPTY_STATE)
    },
  )

  it('never stops the daemon, whatever it holds', async () => {
    using at = folder()
    const { state } = await writtenState(at.file)
    let used = 0
    await fc.assert(
      fc.asyncProperty(damagedJson(JSON.stringify(state)), async (text) => {
        writeFileSync(at.file, seal(Buffer.from(text)))
        const loaded = await createStateFile(at.file).load()
        if (loaded.setAside !== undefined) {
          expect(loaded.state).toBe(EMPTY_STATE)
          return
        }
        used++
        const world = office(loaded.state)
        await world.clock.advance(20 * MINUTE)
        world.stop.abort()
        await world.clock.advance(MINUTE)
        await world.stopped
        expect(world.of('decided').length).toBeGreaterThan(1)
        for (const record of world.audit.records) lineOf(record, BEFORE_ALL)
        const log = createEventLog(pino({ base: null }, { write: () => {} }))
        for (const event of world.events) log(event)
      }),
      { numRuns: fuzzRuns(60) },
    )
    expect(used).toBeGreaterThan(0)
  })
})

describe('a state file', () => {
  it('keeps every name of a user or policy', async () => {
    using at = folder()
    const store = createStateFile(at.file)
    const name = fc.oneof(fc.constantFrom('__proto__', 'constructor', 'toString', ''), anyText())
    const named = <Value>(value: fc.Arbitrary<Value>) =>
      fc.array(fc.tuple(name, value), { maxLength: 3 }).map((entries) => Object.fromEntries(entries))
    const instant = fc.integer({ min: -1e15, max: 1e15 })
    const standing = fc.record({
      state: fc.constant('audit' as const),
      version: fc.record({ hash: fc.string(), set: name }),
    })
    const policies = named(fc.record({ hash: fc.string(), acts: fc.boolean(), changedAt: instant }))
    await fc.assert(
      fc.asyncProperty(policies, named(named(instant)), named(standing), async (ages, instants, standings) => {
        const endpoint = {
          watchedSince: 1,
          firstSeen: {},
          countersMovedAt: null,
          notes: {},
          graceStarted: instants,
          terminated: instants,
          warned: {},
          extended: {},
          guard: { ...NO_GUARD_MEMORY, standings },
          terminations: [],
        }
        const state: State = {
          policies: ages,
          policySets: { [Object.keys(ages)[0] ?? '']: {} },
          policySetHash: Object.keys(ages)[0],
          endpoints: { office: endpoint },
        }
        await store.save(state)
        const { state: loaded } = await createStateFile(at.file).load()
        // `toEqual` would ignore `__proto__`.
        expect(JSON.stringify(loaded)).toBe(JSON.stringify(state))
      }),
      { numRuns: fuzzRuns(100) },
    )
  })

  it('keeps the time of the last change of a policy with the name __proto__', async () => {
    using at = folder()
    const named = policy('max-session-age', { maxAge: '8h' }, { name: '__proto__', hash: 'same' })
    await createStateFile(at.file).save({ ...EMPTY_STATE, policies: nextPolicyAges({}, [named], 'enforce', NOON) })
    const { policies } = await createStateFile(at.file).peek()
    expect(Object.values(nextPolicyAges(policies, [named], 'enforce', NOON + HOUR))).toEqual([
      { hash: 'same', acts: true, changedAt: NOON },
    ])
  })

  it('is refused without waiting if it is a pipe', async () => {
    using at = folder()
    execFileSync('/usr/bin/mkfifo', [at.file])
    expect(await createStateFile(at.file).peek()).toBe(EMPTY_STATE)
    await expect(createStateFile(at.file).load()).rejects.toThrow(/it is not a regular file/)
    expect(readdirSync(at.path)).toEqual(['state.json'])
  })
})
