import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createStateFile, loadState, peekState } from '../../../src/adapters/files/state-file.ts'
import { EMPTY_STATE, type State } from '../../../src/app/state.ts'

const STATE: State = {
  policies: { daily: { hash: 'a', acts: true, changedAt: 1 } },
  endpoints: {
    'eu-central-1 - - - cvpn-endpoint-0123456789abcdef0': {
      memory: {
        firstSeen: { one: 1 },
        countersMovedAt: null,
        notes: { idle: { one: { at: 1, bytes: 2 } } },
        graceStarted: { daily: { one: 3 } },
        warned: { daily: { one: 300_000 } },
        terminated: { daily: { alice: 4 } },
      },
      guard: [{ policy: 'daily', connectionId: 'one', dueAt: 5, held: true }],
      guardLimits: { maxPercent: 50, minConnections: 10 },
      watchedSince: 6,
      pursuits: [
        {
          violation: {
            connectionId: 'one',
            username: 'alice',
            commonName: undefined,
            policy: 'daily',
            reason: 'session-age',
            since: 1,
            deadline: 1,
            because: 'too old',
            alsoBy: [],
          },
          callId: 'x-1',
          selector: 'connection-id',
          requestId: undefined,
          attempts: 1,
          state: 'sent',
          taken: true,
          leftAt: 7,
          sentAt: 8,
          againAt: 9,
          absences: 0,
          gaveUp: false,
        },
      ],
    },
  },
}

describe('the state file', () => {
  let folder = ''
  let file = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'curfew-state-'))
    file = join(folder, 'data/state.json')
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('brings back what was saved, and makes its folder', async () => {
    await createStateFile(file).save(STATE)
    expect(await loadState(file)).toEqual({ state: STATE, setAside: undefined })
    expect(await peekState(file)).toEqual(STATE)
    expect(await readdir(join(folder, 'data'))).toEqual(['state.json'])
  })

  it('is empty at a first start', async () => {
    expect(await loadState(file)).toEqual({ state: EMPTY_STATE, setAside: undefined })
  })

  it('keeps the last of many that were saved at once', async () => {
    const store = createStateFile(file)
    const saves = [1, 2, 3].map((changedAt) =>
      store.save({ policies: { daily: { hash: 'a', acts: true, changedAt } }, endpoints: {} }),
    )
    await Promise.all(saves)
    expect((await peekState(file)).policies.daily?.changedAt).toBe(3)
  })

  it('that is damaged is set aside, never fatal, and condemns nobody', async () => {
    await createStateFile(file).save(STATE)
    const whole = await readFile(file, 'utf8')
    const damaged = fc.oneof(
      fc.nat(whole.length - 1).map((length) => whole.slice(0, length)),
      fc.constantFrom('null', '[]', '{"version":2,"policies":{},"endpoints":{}}', '\u0000\u0000', 'no JSON'),
      fc.constant(whole.replace('"acts":true', '"acts":"yes"')),
    )
    await fc.assert(
      fc.asyncProperty(damaged, async (text) => {
        await writeFile(file, text)
        expect(await peekState(file)).toEqual(EMPTY_STATE)
        const { state, setAside } = await loadState(file)
        expect(state).toEqual(EMPTY_STATE)
        expect(setAside?.file).toBe(`${file}.unreadable`)
        expect(await readFile(`${file}.unreadable`, 'utf8')).toBe(text)
      }),
      { numRuns: 60 },
    )
  })

  it('that cannot be written says so, and can be later', async () => {
    await writeFile(join(folder, 'data'), 'in the way')
    const store = createStateFile(file)
    await expect(store.save(STATE)).rejects.toThrow(/EEXIST|ENOTDIR/)
    await rm(join(folder, 'data'))
    await store.save(STATE)
    expect((await peekState(file)).policies).toEqual(STATE.policies)
  })
})
