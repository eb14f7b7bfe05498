import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BEFORE_ALL, hashOf, lineOf } from '../../../src/adapters/audit/audit-line.ts'
import { openAuditTrail } from '../../../src/adapters/audit/audit-trail.ts'
import type { Ask } from '../../../src/adapters/postgres/ask.ts'
import { createRecordWriter } from '../../../src/adapters/postgres/record-writer.ts'
import { openUnitTrail } from '../../../src/adapters/postgres/unit-trail.ts'
import { AuditError, type AuditHead, type AuditRecord } from '../../../src/app/audit.ts'
import { DAY, HOUR } from '../../../src/domain/time/instant.ts'
import { type Cluster, startCluster } from '../../engine/cluster.ts'
import { AT, folder, record } from '../audit/chain.ts'
import { addUnit, openDatabase } from './database.ts'
import { sessionOf } from './session-of.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster.stop())

type Opened = Awaited<ReturnType<typeof openDatabase>>

const open = async (
  database: Opened,
  id: number,
  {
    epoch = 1,
    head = BEFORE_ALL,
    now = () => Date.now(),
    session = sessionOf(database.daemon),
  }: Partial<{ epoch: number; head: AuditHead; now: () => number; session: ReturnType<typeof sessionOf> }> = {},
) => {
  const ask: Ask = (text, values = []) => database.owner.query(text, [...values])
  const lost = new AbortController()
  const writer = createRecordWriter(session, () => lost.abort())
  const unit = { id, key: 'eu-central-1 own' }
  const trail = await openUnitTrail({
    writer,
    unit,
    epoch,
    head,
    holds: () => session.holds() && !lost.signal.aborted,
    lost: lost.signal,
    ask,
    now,
  })
  return { trail, session, lost }
}

const linesIn = async ({ owner }: Opened, unit: number) =>
  (await owner.query<{ line: string }>('select line from curfew.record where unit = $1 order by seq', [unit])).rows.map(
    ({ line }) => line,
  )

const policySet = (hash: string, part = 1, parts = 1): AuditRecord => ({
  time: AT,
  event: 'policy-set',
  policySetHash: hash.repeat(64),
  part,
  parts,
  text: 'x',
})

describe('the trail of a unit in the database', () => {
  it('has the lines that a file would have', async () => {
    await using database = await openDatabase(cluster, 'lines')
    using files = folder()
    const unit = await addUnit(database.daemon)
    const { trail } = await open(database, unit)
    const file = await openAuditTrail({ file: files.file })
    const records = [record('a\u{1f600}'), policySet('0'), record('"\\ \u2028\u0000 ü')]
    for (const one of [trail, file]) {
      await one.write(records)
      await one.write([record('z')])
    }
    expect(trail.head()).toEqual(file.head())
    await file.close()
    const { readFileSync } = await import('node:fs')
    expect(`${(await linesIn(database, unit)).join('\n')}\n`).toBe(readFileSync(files.file, 'utf8'))
  })

  it('keeps the order of many writes at once, and confirms each once the server has it', async () => {
    await using database = await openDatabase(cluster, 'many')
    const unit = await addUnit(database.daemon)
    const { trail } = await open(database, unit)
    const names = Array.from({ length: 500 }, (_, index) => `c${index}`)
    await Promise.all(names.map((name) => trail.write([record(name)])))
    expect(
      (await linesIn(database, unit)).map((line) => (JSON.parse(line) as { connectionId: string }).connectionId),
    ).toEqual(names)
    expect(trail.head().seq).toBe(500)
  })

  it('is continued by the next tenure from the head that the database has', async () => {
    await using database = await openDatabase(cluster, 'next')
    const unit = await addUnit(database.daemon)
    const { trail } = await open(database, unit)
    await trail.write([record('a')])
    await database.daemon.query('update curfew.unit set epoch = 2 where id = $1', [unit])
    const next = await open(database, unit, { epoch: 2, head: trail.head() })
    await next.trail.write([record('b')])
    expect(next.trail.head().seq).toBe(2)
    // The older tenure is refused by the database itself, and writes nothing ever after.
    await expect(trail.write([record('late')])).rejects.toMatchObject({ code: 'unwritable' })
    await expect(trail.write([record('later')])).rejects.toMatchObject({ code: 'unwritable' })
    expect(await linesIn(database, unit)).toHaveLength(2)
  })

  it('tells its tenure that it is lost when the database refuses its lines', async () => {
    await using database = await openDatabase(cluster, 'told')
    const unit = await addUnit(database.daemon)
    const { trail, lost } = await open(database, unit, { epoch: 7 })
    await expect(trail.write([record('a')])).rejects.toBeInstanceOf(AuditError)
    expect(lost.signal.aborted).toBe(true)
    expect(await trail.held()).toBe(false)
    expect(trail.head()).toEqual(BEFORE_ALL)
  })

  it('writes nothing more where an answer was lost, and the successor finds what is there', async () => {
    await using database = await openDatabase(cluster, 'answer')
    const unit = await addUnit(database.daemon)
    let isCut = false
    const session = sessionOf(database.daemon, async (answer) => {
      await answer
      if (isCut) throw new Error('read ECONNRESET')
    })
    const { trail } = await open(database, unit, { session })
    await trail.write([record('a')])
    isCut = true
    await expect(trail.write([record('b')])).rejects.toMatchObject({ code: 'unwritable' })
    expect(trail.head().seq).toBe(1)
    isCut = false
    await expect(trail.write([record('c')])).rejects.toMatchObject({ code: 'unwritable' })
    expect(await linesIn(database, unit)).toHaveLength(2)
  })

  it('goes on after an error of the server, which took nothing', async () => {
    await using database = await openDatabase(cluster, 'denied')
    const unit = await addUnit(database.daemon)
    const { trail } = await open(database, unit)
    await database.owner.query('revoke insert (unit, seq, epoch, line) on curfew.record from curfew_daemon')
    await expect(trail.write([record('a')])).rejects.toMatchObject({
      code: 'unwritable',
      message: expect.stringContaining('eu-central-1 own in the database: permission denied') as string,
    })
    await database.owner.query('grant insert (unit, seq, epoch, line) on curfew.record to curfew_daemon')
    await trail.write([record('b')])
    expect(await linesIn(database, unit)).toHaveLength(1)
  })

  it('refuses a line that is too long, and writes the others', async () => {
    await using database = await openDatabase(cluster, 'long')
    const unit = await addUnit(database.daemon)
    const { trail } = await open(database, unit)
    const results = await Promise.allSettled([
      trail.write([record('a')]),
      trail.write([record('x'.repeat(1024 * 1024))]),
      trail.write([record('b')]),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(await linesIn(database, unit)).toHaveLength(2)
  })

  it('divides a large write into statements that the server takes', async () => {
    await using database = await openDatabase(cluster, 'groups')
    const unit = await addUnit(database.daemon)
    let statements = 0
    const session = sessionOf(database.daemon, (answer) => {
      statements++
      return answer
    })
    const { trail } = await open(database, unit, { session })
    await Promise.all(Array.from({ length: 30 }, (_, index) => trail.write([record(`${index}${'x'.repeat(200_000)}`)])))
    expect(await linesIn(database, unit)).toHaveLength(30)
    expect(statements).toBeGreaterThan(4)
    expect(statements).toBeLessThan(30)
  })

  it('waits for its writes before it closes, and takes none after', async () => {
    await using database = await openDatabase(cluster, 'closed')
    const unit = await addUnit(database.daemon)
    const { trail } = await open(database, unit)
    const written = trail.write([record('a')])
    await trail.close()
    expect(trail.head().seq).toBe(1)
    await written
    await expect(trail.write([record('b')])).rejects.toThrow('the trail is closed')
  })
})

describe('the text of a policy set', () => {
  it('is known to the next tenure of the month, once all its parts are there', async () => {
    await using database = await openDatabase(cluster, 'texts')
    const unit = await addUnit(database.daemon)
    const { trail } = await open(database, unit)
    expect(trail.hasPolicySet('a'.repeat(64))).toBe(false)
    await trail.write([policySet('a', 1, 2)])
    expect(trail.hasPolicySet('a'.repeat(64))).toBe(false)
    await trail.write([policySet('a', 2, 2), policySet('b', 1, 2)])
    expect(trail.hasPolicySet('a'.repeat(64))).toBe(true)
    const next = await open(database, unit, { head: trail.head() })
    expect(next.trail.hasPolicySet('a'.repeat(64))).toBe(true)
    expect(next.trail.hasPolicySet('b'.repeat(64))).toBe(false)
  })

  it('counts for its month alone, in which retention removes it', async () => {
    await using database = await openDatabase(cluster, 'months')
    const unit = await addUnit(database.daemon)
    let now = Date.UTC(2026, 10, 30, 23)
    const { trail } = await open(database, unit, { now: () => now })
    await trail.write([policySet('a')])
    now += HOUR
    expect(trail.hasPolicySet('a'.repeat(64))).toBe(false)
    await trail.write([policySet('a')])
    expect(trail.hasPolicySet('a'.repeat(64))).toBe(true)
    // The clock of the database may have been behind: the text may lie in the month before.
    now += HOUR
    expect(trail.hasPolicySet('a'.repeat(64))).toBe(false)
    await trail.write([policySet('a')])
    now += 20 * DAY
    expect(trail.hasPolicySet('a'.repeat(64))).toBe(true)
  })

  it('of an earlier month is not that of this one', async () => {
    await using database = await openDatabase(cluster, 'earlier_month')
    const unit = await addUnit(database.daemon)
    const line = lineOf(policySet('a'), BEFORE_ALL)
    await database.owner.query(
      `insert into curfew.record (unit, seq, epoch, line, recorded_at) values ($1, 1, 1, $2, now() - interval '32 days')`,
      [unit, line.toString()],
    )
    const { trail } = await open(database, unit, { head: { seq: 1, hash: hashOf(line) } })
    expect(trail.hasPolicySet('a'.repeat(64))).toBe(false)
    await trail.write([policySet('a')])
    expect(trail.hasPolicySet('a'.repeat(64))).toBe(true)
  })
})
