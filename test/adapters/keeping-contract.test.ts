import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BEFORE_ALL, hashOf } from '../../src/adapters/audit/audit-line.ts'
import { openFileTenure } from '../../src/adapters/files/file-tenure.ts'
import type { Ask } from '../../src/adapters/postgres/ask.ts'
import { createRecordWriter } from '../../src/adapters/postgres/record-writer.ts'
import { keepUnit } from '../../src/adapters/postgres/unit-keeping.ts'
import type { AuditHead, AuditRecord, ReplayedRecord } from '../../src/app/audit.ts'
import { EMPTY_STATE } from '../../src/app/state.ts'
import type { Keeping } from '../../src/app/tenure.ts'
import { HOUR } from '../../src/domain/time/instant.ts'
import { type Cluster, startCluster } from '../engine/cluster.ts'
import { AT, folder } from './audit/chain.ts'
import { audited, extended, intent, outcome } from './audit/replayed-records.ts'
import { WHOLE_STATE } from './files/whole-state.ts'
import { addUnit, openDatabase } from './postgres/database.ts'
import { sessionOf } from './postgres/session-of.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster.stop())

/** One place that keeps the trail and the state of one process after the other. */
interface Place extends AsyncDisposable {
  /** The next process. The one before has ended, in peace or not. */
  open(): Promise<Keeping>
  lines(): Promise<readonly string[]>
  damageState(): Promise<void>
}

let databases = 0

const PLACES: ReadonlyArray<readonly [name: string, make: () => Promise<Place>]> = [
  [
    'files',
    async () => {
      const at = folder()
      const stateFile = join(at.path, 'state.json')
      let last: Keeping | undefined
      return {
        async open() {
          await last?.trail.close()
          last = await openFileTenure({ file: at.file, stateFile })
          return last
        },
        lines: async () => (existsSync(at.file) ? readFileSync(at.file, 'utf8').split('\n').slice(0, -1) : []),
        damageState: async () => {
          writeFileSync(stateFile, readFileSync(stateFile, 'utf8').replace('daily', 'dailX'))
        },
        async [Symbol.asyncDispose]() {
          await last?.trail.close()
          at[Symbol.dispose]()
        },
      }
    },
  ],
  [
    'a database',
    async () => {
      const database = await openDatabase(cluster, `place_${databases++}`)
      const { daemon, owner } = database
      const id = await addUnit(daemon)
      const ask: Ask = (text, values = []) => daemon.query(text, [...values])
      return {
        async open() {
          const { rows } = await owner.query<{ epoch: string }>(
            'update curfew.unit set epoch = epoch + 1 where id = $1 returning epoch',
            [id],
          )
          const chain = await owner.query<{ seq: string; hash: string }>('select seq, hash from curfew.chain')
          const head: AuditHead = { seq: Number(chain.rows[0]?.seq), hash: chain.rows[0]?.hash ?? '' }
          const lost = new AbortController()
          const writer = createRecordWriter(sessionOf(daemon), () => lost.abort())
          return keepUnit(
            () => ({ read: ask, save: ask }),
            Date.now,
          )({
            unit: { id, key: 'eu-central-1 own' },
            epoch: Number(rows[0]?.epoch),
            head,
            writer,
            holds: () => !lost.signal.aborted,
            lost: lost.signal,
          })
        },
        lines: async () =>
          (await owner.query<{ line: string }>('select line from curfew.record order by seq')).rows.map(
            ({ line }) => line,
          ),
        damageState: async () => {
          const { rows } = await owner.query<{ state: Buffer }>('select state from curfew.unit')
          const damaged = rows[0]?.state.toString().replace('daily', 'dailX') ?? ''
          await owner.query('update curfew.unit set state = $1', [Buffer.from(damaged)])
        },
        [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
      }
    },
  ],
]

const policySet = (text: string): AuditRecord => ({
  time: AT,
  event: 'policy-set',
  policySetHash: '5'.repeat(64),
  part: 1,
  parts: 1,
  text,
})

const replayed = async ({ replay }: Keeping, since = 0) => {
  const found: ReplayedRecord[] = []
  const newest: Array<number | undefined> = []
  await replay(
    (newestAt) => {
      newest.push(newestAt)
      return since
    },
    (record) => found.push(record),
  )
  return { found, newest }
}

describe.each(PLACES)('what a daemon keeps in %s', (_name, make) => {
  it('is empty at first', async () => {
    await using place = await make()
    const kept = await place.open()
    expect(kept.trail.head()).toEqual(BEFORE_ALL)
    expect(await kept.trail.held()).toBe(true)
    expect(kept.trail.lost.aborted).toBe(false)
    expect(kept.trail.hasPolicySet('5'.repeat(64))).toBe(false)
    expect(await kept.store.load()).toEqual({ state: EMPTY_STATE, setAside: undefined })
    expect(await replayed(kept)).toEqual({ found: [], newest: [undefined] })
  })

  it('is a chain of lines in the order of the calls, each confirmed once it is kept', async () => {
    await using place = await make()
    const { trail } = await place.open()
    const writes = Array.from({ length: 40 }, (_, index) =>
      trail.write([audited(`c${index}`, AT), intent(`i${index}`, AT)]),
    )
    await writes[20]
    expect((await place.lines()).length).toBeGreaterThanOrEqual(42)
    await Promise.all(writes)
    const lines = await place.lines()
    expect(lines).toHaveLength(80)
    expect(lines.map((line) => (JSON.parse(line) as { connectionId: string }).connectionId)).toEqual(
      Array.from({ length: 40 }, (_, index) => [`c${index}`, `i${index}`]).flat(),
    )
    const prev = lines.map((line) => (JSON.parse(line) as { prev: string }).prev)
    expect(prev).toEqual([BEFORE_ALL.hash, ...lines.slice(0, -1).map((line) => hashOf(Buffer.from(line)))])
    expect(trail.head()).toEqual({ seq: 80, hash: hashOf(Buffer.from(lines.at(-1) ?? '')) })
  })

  it('is continued by the next process, which is given what it must follow', async () => {
    await using place = await make()
    const first = await place.open()
    const records = [intent('a', AT), outcome('a', AT + 1), extended('b', AT + 2), intent('c', AT + HOUR)]
    await first.trail.write([...records, policySet('x'), audited('d', AT + HOUR)])
    await first.store.save(WHOLE_STATE)
    const head = first.trail.head()
    const next = await place.open()
    expect(next.trail.head()).toEqual(head)
    expect(next.trail.hasPolicySet('5'.repeat(64))).toBe(true)
    expect(await next.store.load()).toEqual({ state: WHOLE_STATE, setAside: undefined })
    expect(await replayed(next)).toEqual({ found: records, newest: [AT + HOUR] })
    expect((await replayed(next, AT + 2)).found).toEqual(records.slice(2))
    await next.trail.write([audited('e', AT + HOUR)])
    expect(next.trail.head().seq).toBe(head.seq + 1)
  })

  it('has either the state before or the one after', async () => {
    await using place = await make()
    const { store } = await place.open()
    await store.save(WHOLE_STATE)
    await expect(store.save(EMPTY_STATE, async () => false)).rejects.toThrow('was not replaced')
    expect(await store.peek()).toEqual(WHOLE_STATE)
    await store.save(EMPTY_STATE, async () => true)
    expect(await store.peek()).toEqual(EMPTY_STATE)
  })

  it('puts a damaged state aside, and says so once', async () => {
    await using place = await make()
    await (await place.open()).store.save(WHOLE_STATE)
    await place.damageState()
    const { store } = await place.open()
    expect(await store.peek()).toEqual(EMPTY_STATE)
    expect(await store.load()).toMatchObject({
      state: EMPTY_STATE,
      setAside: { why: expect.stringContaining('its checksum does not match') as string },
    })
    expect(await store.load()).toEqual({ state: EMPTY_STATE, setAside: undefined })
  })

  it('refuses a record that is no line, and keeps the others', async () => {
    await using place = await make()
    const { trail } = await place.open()
    const results = await Promise.allSettled([
      trail.write([audited('a', AT)]),
      trail.write([audited('long'.repeat(1024 * 1024), AT)]),
      trail.write([audited('timeless', Number.NaN)]),
      trail.write([audited('b', AT)]),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled'])
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ name: 'AuditError', code: 'unwritable' })
    }
    expect(await place.lines()).toHaveLength(2)
  })

  it('takes no record after it is closed, and all that were given before', async () => {
    await using place = await make()
    const { trail } = await place.open()
    const written = trail.write([audited('a', AT)])
    await trail.close()
    await written
    await expect(trail.write([audited('b', AT)])).rejects.toMatchObject({ code: 'unwritable' })
    await trail.close()
    expect(await place.lines()).toHaveLength(1)
  })
})
