import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BEFORE_ALL, lineOf } from '../../../src/adapters/audit/audit-line.ts'
import { seal } from '../../../src/adapters/files/seal.ts'
import { createStateFile } from '../../../src/adapters/files/state-file.ts'
import { EMPTY_STATE, StateError } from '../../../src/app/state.ts'
import { record } from '../audit/chain.ts'
import { DiskFault, standInDisk } from '../audit/stand-in-disk.ts'
import { answered, WHOLE_STATE } from './whole-state.ts'

/** A line of an audit trail. */
const RECORD = lineOf(record('one'), BEFORE_ALL).toString()

describe('the state file', () => {
  let folder = ''
  let file = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'curfew-state-'))
    file = join(folder, 'data/state.json')
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('returns the saved state, and its folder is created', async () => {
    await createStateFile(file).save(WHOLE_STATE)
    expect(await createStateFile(file).load()).toEqual({ state: WHOLE_STATE, setAside: undefined })
    expect(await createStateFile(file).peek()).toEqual(WHOLE_STATE)
    expect(await readdir(join(folder, 'data'))).toEqual(['state.json'])
  })

  it('is empty at a first start', async () => {
    expect(await createStateFile(file).load()).toEqual({ state: EMPTY_STATE, setAside: undefined })
  })

  it('is read without what was added later: a deleted policy had been in force, an endpoint is watched', async () => {
    const text = JSON.stringify(WHOLE_STATE)
    const added = ['"wasHeld":true,', '"watchedUntil":8,']
    expect(added.filter((one) => text.includes(one))).toEqual(added)
    const older = added.reduce((shorter, one) => shorter.replace(one, ''), text)
    await createStateFile(file).save(WHOLE_STATE)
    await writeFile(file, seal(Buffer.from(older)))
    const { state, setAside } = await createStateFile(file).load()
    expect(setAside).toBeUndefined()
    const [memory] = Object.values(state.endpoints)
    expect(memory?.guard.standings.old).toMatchObject({ state: 'gone', wasHeld: false })
    expect(memory?.watchedUntil).toBeUndefined()
  })

  it('is read in the form of version 3, in which an endpoint had a key for each way to reach it', async () => {
    const [key = '', other = ''] = Object.keys(WHOLE_STATE.endpoints)
    const memory = WHOLE_STATE.endpoints[key]
    const empty = WHOLE_STATE.endpoints[other]
    const id = 'cvpn-endpoint-0123456789abcdef0'
    const old = {
      policies: WHOLE_STATE.policies,
      endpoints: {
        [`eu-central-1 - - - ${id}`]: {
          ...memory,
          terminated: { daily: { alice: 4, 'cn:laptop': 5, 'jörg strauß': 8, 'cn:ﬁle-1': 9 } },
        },
        [`eu-central-1 https://vpce.example arn:aws:iam::111122223333:role/curfew a b ${id}`]: {
          ...empty,
          terminated: { daily: { bob: 6 }, nights: { alice: 7 } },
          terminations: [{ ...answered('one'), callId: 'x-2', state: 'unproven', absences: 0 }],
        },
      },
    }
    await createStateFile(file).save(WHOLE_STATE)
    await writeFile(file, seal(Buffer.from(JSON.stringify(old)), 3))
    const { state, setAside } = await createStateFile(file).load()
    expect(setAside).toBeUndefined()
    expect(state.policies).toEqual(WHOLE_STATE.policies)
    expect(Object.keys(state.endpoints)).toEqual([key])
    expect(state.endpoints[key]?.terminated).toEqual({
      daily: { 'user:alice': 4, 'cn:laptop': 5, 'user:jörg strauss': 8, 'cn:file-1': 9, 'user:bob': 6 },
      nights: { 'user:alice': 7 },
    })
    const followed = state.endpoints[key]?.terminations.map(({ violation, callId }) => [violation.connectionId, callId])
    expect(new Map(followed as [string, string][])).toEqual(
      new Map([
        ['two', 'x-1'],
        ['three', 'x-1'],
        ['four', 'x-1'],
        ['five', 'x-1'],
        ['one', 'x-2'],
      ]),
    )
  })

  it('keeps the last of several concurrent saves', async () => {
    const store = createStateFile(file)
    const saves = [1, 2, 3].map((changedAt) =>
      store.save({ ...EMPTY_STATE, policies: { daily: { hash: 'a', acts: true, changedAt } } }),
    )
    await Promise.all(saves)
    expect((await createStateFile(file).peek()).policies.daily?.changedAt).toBe(3)
  })

  it('is set aside if it is damaged, and the state is then empty', async () => {
    await createStateFile(file).save(WHOLE_STATE)
    const whole = await readFile(file, 'utf8')
    const damaged = fc.oneof(
      fc.nat(whole.length - 1).map((length) => whole.slice(0, length)),
      fc.constantFrom('', '{"version":2,"policies":{},"endpoints":{}}', '\u0000\u0000'),
      fc.nat(100).map((at) => `${whole.slice(0, at)}?${whole.slice(at + 1)}`),
      fc.constant(whole.replace('"acts":true', '"acts":"yes"')),
    )
    await fc.assert(
      fc.asyncProperty(damaged, async (text) => {
        await writeFile(file, text)
        expect(await createStateFile(file).peek()).toEqual(EMPTY_STATE)
        const { state, setAside } = await createStateFile(file).load()
        expect(state).toEqual(EMPTY_STATE)
        expect(setAside?.file).toBe(`${file}.unreadable`)
        expect(await readFile(`${file}.unreadable`, 'utf8')).toBe(text)
      }),
      { numRuns: 60 },
    )
  })

  it.each([
    ['it is empty', ''],
    ['it is not JSON', '{"ver'],
    ['this version does not know its format', '{"version":5,"sha256":"","state":{}}'],
    ['its checksum does not match: it was changed after it was written', `${seal(Buffer.from('{}')).toString()} `],
  ])('is set aside with what it is: %s', async (why, text) => {
    await mkdir(join(folder, 'data'))
    await writeFile(file, text)
    expect((await createStateFile(file).load()).setAside).toEqual({ file: `${file}.unreadable`, why })
  })

  it.each([
    ['it is not JSON', `${RECORD}\n${RECORD}\n`],
    ['it is not a state that Curfew wrote', `${RECORD}\n`],
    ['it is not JSON', 'version: 1\npolicies: [./policies]\n'],
    ['it is not a state that Curfew wrote', '{ "name": "another program", "version": "1.0.0" }'],
    ['it is not a state that Curfew wrote', JSON.stringify(WHOLE_STATE)],
    ['it is not a state that Curfew wrote', 'null'],
    ['it is not JSON', 'no JSON'],
  ])('is never moved away if it is a file of somebody else: %s', async (why, text) => {
    await mkdir(join(folder, 'data'))
    await writeFile(file, text)
    const refused = new StateError(
      `${file} is not the state: ${why}. Curfew does not replace a file that it does not know: correct "state.file", or move what is there away`,
    )
    await expect(createStateFile(file).load()).rejects.toThrow(refused)
    expect(await readdir(join(folder, 'data'))).toEqual(['state.json'])
    expect(await readFile(file, 'utf8')).toBe(text)
  })

  it('is never moved away if it is a folder', async () => {
    await mkdir(file, { recursive: true })
    await expect(createStateFile(file).load()).rejects.toThrow(/it cannot be read: it is a folder/)
    expect(await readdir(join(folder, 'data'))).toEqual(['state.json'])
  })

  it('syncs the folder after the new file has its name, because the name would be lost with the power', async () => {
    const steps: string[] = []
    await createStateFile(
      file,
      standInDisk((step) => void steps.push(step)),
    ).save(WHOLE_STATE)
    expect(steps.filter((step) => step === 'sync' || step === 'rename')).toEqual(['sync', 'rename', 'sync'])
  })

  it('leaves the file of another process as it is, once that one holds the lock', async () => {
    await createStateFile(file).save(WHOLE_STATE)
    const before = await readFile(file)
    await expect(createStateFile(file).save(EMPTY_STATE, async () => false)).rejects.toThrow(file)
    expect(await readFile(file)).toEqual(before)
    await createStateFile(file).save(EMPTY_STATE, async () => true)
    expect(await createStateFile(file).peek()).toEqual(EMPTY_STATE)
  })

  it('never writes into a file that another process renamed meanwhile', async () => {
    const gate = () => {
      let open = () => {}
      const opened = new Promise<void>((resolve) => {
        open = resolve
      })
      return { open, opened }
    }
    const [reached, resumed] = [gate(), gate()]
    const suspended = createStateFile(
      file,
      standInDisk(async (step) => {
        if (step !== 'writeFile') return
        reached.open()
        await resumed.opened
      }),
    ).save(EMPTY_STATE, async () => false)
    await reached.opened
    await createStateFile(file).save(WHOLE_STATE)
    resumed.open()
    await expect(suspended).rejects.toThrow(file)
    expect(await createStateFile(file).peek()).toEqual(WHOLE_STATE)
  })

  it('says that an unreadable file could not be moved, if it was not', async () => {
    await createStateFile(file).save(WHOLE_STATE)
    await writeFile(file, '{"version":4,no JSON')
    const stuck = standInDisk((step) => {
      if (step === 'rename') throw new DiskFault('EPERM')
    })
    const { setAside } = await createStateFile(file, stuck).load()
    expect(setAside).toMatchObject({ file: undefined })
    expect(await readFile(file, 'utf8')).toBe('{"version":4,no JSON')
  })

  it('fails to save while it cannot be written, and saves again afterwards', async () => {
    await writeFile(join(folder, 'data'), 'in the way')
    const store = createStateFile(file)
    await expect(store.save(WHOLE_STATE)).rejects.toThrow(/EEXIST|ENOTDIR/)
    await rm(join(folder, 'data'))
    await store.save(WHOLE_STATE)
    expect((await createStateFile(file).peek()).policies).toEqual(WHOLE_STATE.policies)
  })
})
