import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BEFORE_ALL, hashOf, lineOf } from '../../../src/adapters/audit/audit-line.ts'
import type { AuditHead } from '../../../src/app/audit.ts'
import { type Cluster, startCluster } from '../../engine/cluster.ts'
import { record } from '../audit/chain.ts'
import { addUnit, connectAs, openDatabase } from './database.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster.stop())

interface Line {
  readonly unit: number
  readonly seq: number
  readonly epoch: number
  readonly line: string
}

/** Lines that continue a chain. */
const linesAfter = (head: AuditHead, unit: number, epoch: number, names: readonly string[]) => {
  const lines: Line[] = []
  let last = head
  for (const name of names) {
    const line = lineOf(record(name), last)
    last = { seq: last.seq + 1, hash: hashOf(line) }
    lines.push({ unit, seq: last.seq, epoch, line: line.toString() })
  }
  return { lines, head: last }
}

const insert = (client: pg.Client, lines: readonly Line[]) =>
  client.query(
    'insert into curfew.record (unit, seq, epoch, line) select * from unnest($1::integer[], $2::bigint[], $3::bigint[], $4::text[])',
    [
      lines.map((one) => one.unit),
      lines.map((one) => one.seq),
      lines.map((one) => one.epoch),
      lines.map((one) => one.line),
    ],
  )

const headIn = async (client: pg.Client, unit: number): Promise<AuditHead> => {
  const { rows } = await client.query<{ seq: string; hash: string }>(
    'select seq, hash from curfew.chain where unit = $1',
    [unit],
  )
  return { seq: Number(rows[0]?.seq), hash: rows[0]?.hash ?? '' }
}

const CODE = { oldEpoch: 'CF001', fork: 'CF002', epochBack: 'CF003', denied: '42501' }

describe('the guard of the chains', () => {
  it('moves the head of each unit with its lines, in whatever order a statement has them', async () => {
    await using database = await openDatabase(cluster, 'heads')
    const { daemon } = database
    const [one, other] = [await addUnit(daemon, 'one'), await addUnit(daemon, 'other')]
    const ofOne = linesAfter(BEFORE_ALL, one, 1, ['ä\u{1f600}', 'b\\"\u2028', 'c'])
    const ofOther = linesAfter(BEFORE_ALL, other, 1, ['x'])
    const [first, ...rest] = ofOne.lines
    await insert(daemon, [...rest.toReversed(), ...ofOther.lines, ...(first ? [first] : [])])
    expect(await headIn(daemon, one)).toEqual(ofOne.head)
    expect(await headIn(daemon, other)).toEqual(ofOther.head)
    const next = linesAfter(ofOne.head, one, 1, ['d'])
    await insert(daemon, next.lines)
    expect(await headIn(daemon, one)).toEqual(next.head)
  })

  it.each<readonly [string, (lines: readonly Line[]) => readonly Line[]]>([
    ['a number that is taken', ([line]) => [{ ...line, seq: 1 } as Line]],
    ['a number that leaves a gap', ([, line]) => [line as Line]],
    [
      'a line that names another line before it',
      ([line]) => [{ ...line, line: line?.line.replace(/"prev":"./, '"prev":"f') } as Line],
    ],
    [
      'a line with the number of another',
      ([line]) => [{ ...line, line: line?.line.replace('"seq":3', '"seq":4') } as Line],
    ],
    ['a sound line with a fork behind it', ([line, next]) => [line as Line, { ...next, line: line?.line } as Line]],
    ['the same line twice', ([line]) => [line as Line, line as Line]],
    ['an empty line', ([line]) => [{ ...line, line: '' } as Line]],
    ['a unit that does not exist', ([line]) => [{ ...line, unit: 99 } as Line]],
  ])('refuses %s, and takes nothing of the statement', async (what, damage) => {
    await using database = await openDatabase(cluster, `fork_${what.replaceAll(' ', '_').slice(0, 40)}`)
    const { daemon } = database
    const unit = await addUnit(daemon)
    const there = linesAfter(BEFORE_ALL, unit, 1, ['a', 'b'])
    await insert(daemon, there.lines)
    const { lines } = linesAfter(there.head, unit, 1, ['c', 'd'])
    await expect(insert(daemon, damage(lines))).rejects.toMatchObject({ code: CODE.fork })
    expect(await headIn(daemon, unit)).toEqual(there.head)
    expect((await daemon.query('select from curfew.record')).rowCount).toBe(2)
    await insert(daemon, lines)
  })

  it('refuses the lines of an older tenure, and of one that was never granted', async () => {
    await using database = await openDatabase(cluster, 'epochs')
    const { daemon } = database
    const unit = await addUnit(daemon)
    await daemon.query('update curfew.unit set epoch = epoch + 1 where id = $1', [unit])
    for (const epoch of [1, 3]) {
      const { lines } = linesAfter(BEFORE_ALL, unit, epoch, ['a'])
      await expect(insert(daemon, lines)).rejects.toMatchObject({ code: CODE.oldEpoch })
    }
    await insert(daemon, linesAfter(BEFORE_ALL, unit, 2, ['a']).lines)
  })

  it('lets a grant wait for lines under way, and refuses those that come after it', async () => {
    await using database = await openDatabase(cluster, 'race')
    const { daemon } = database
    const unit = await addUnit(daemon)
    const successor = await connectAs(cluster, 'replica', 'race')
    const { lines, head } = linesAfter(BEFORE_ALL, unit, 1, ['a'])
    await daemon.query('begin')
    await insert(daemon, lines)
    const granted = successor.query('update curfew.unit set epoch = epoch + 1 where id = $1 returning epoch', [unit])
    const isWaiting = async () => {
      const { rows } = await database.owner.query(
        `select from pg_stat_activity where wait_event_type = 'Lock' and query like 'update curfew.unit%'`,
      )
      return rows.length > 0
    }
    // A grant that does not wait ends the loop, and fails below.
    let hasEnded = false
    void granted.then(() => {
      hasEnded = true
    })
    while (!hasEnded && !(await isWaiting()));
    expect(hasEnded).toBe(false)
    await daemon.query('commit')
    expect((await granted).rows).toEqual([{ epoch: '2' }])
    await expect(insert(daemon, linesAfter(head, unit, 1, ['b']).lines)).rejects.toMatchObject({ code: CODE.oldEpoch })
    await insert(successor, linesAfter(head, unit, 2, ['b']).lines)
    await successor.end()
  })

  it('refuses lines that waited for a grant', async () => {
    await using database = await openDatabase(cluster, 'late')
    const { daemon } = database
    const unit = await addUnit(daemon)
    const successor = await connectAs(cluster, 'replica', 'late')
    await successor.query('begin')
    await successor.query('update curfew.unit set epoch = epoch + 1 where id = $1', [unit])
    const late = insert(daemon, linesAfter(BEFORE_ALL, unit, 1, ['a']).lines).then(
      () => 'written',
      (error: { code?: string }) => error.code,
    )
    const isWaiting = async () => {
      const { rows } = await database.owner.query(
        `select from pg_stat_activity where wait_event_type = 'Lock' and query like 'insert into curfew.record%'`,
      )
      return rows.length > 0
    }
    let hasEnded = false
    void late.then(() => {
      hasEnded = true
    })
    while (!hasEnded && !(await isWaiting()));
    await successor.query('commit')
    expect(await late).toBe(CODE.oldEpoch)
    await successor.end()
  })

  it('refuses an epoch that goes back', async () => {
    await using database = await openDatabase(cluster, 'back')
    const unit = await addUnit(database.daemon)
    await expect(database.daemon.query('update curfew.unit set epoch = 0 where id = $1', [unit])).rejects.toMatchObject(
      { code: CODE.epochBack },
    )
  })
})

describe("the daemon's role", () => {
  it.each([
    `update curfew.record set line = 'x'`,
    `update curfew.record set epoch = 2`,
    'delete from curfew.record',
    'truncate curfew.record',
    `insert into curfew.record (unit, seq, epoch, line, recorded_at) values (1, 1, 1, 'x', now())`,
    `insert into curfew.record_other (unit, seq, epoch, line) values (1, 1, 1, 'x')`,
    'update curfew.chain set seq = 0',
    'delete from curfew.chain',
    'insert into curfew.chain (unit) values (7)',
    'update curfew.origin set incarnation = gen_random_uuid()',
    'delete from curfew.origin',
    'delete from curfew.unit',
    `update curfew.unit set key = 'other'`,
    'delete from curfew.generation',
    'update curfew.generation set configuration_hash = declared_by',
    'alter table curfew.record disable trigger continue_chains',
    'drop table curfew.record',
    'create table curfew.mine ()',
    'insert into curfew.migration (version) values (9)',
    'set session_replication_role = replica',
    `create or replace function curfew.continue_chains() returns trigger language sql as 'select null'`,
  ])('may not: %s', async (statement) => {
    await using database = await roles()
    await expect(database.daemon.query(statement)).rejects.toMatchObject({ code: CODE.denied })
  })

  it('cannot lead the guard to tables of its own', async () => {
    await using database = await openDatabase(cluster, 'shadow')
    const { daemon } = database
    const unit = await addUnit(daemon)
    await daemon.query('create temporary table chain (unit integer, seq bigint, hash text)')
    await daemon.query(`create function pg_temp.sha256(bytea) returns bytea language sql as $$ select ''::bytea $$`)
    await daemon.query('set search_path = pg_temp, curfew, pg_catalog')
    const { lines } = linesAfter(BEFORE_ALL, unit, 1, ['a'])
    const forked = lines.map((one) => ({ ...one, line: one.line.replace(/"prev":"./, '"prev":"e') }))
    await expect(insert(daemon, forked)).rejects.toMatchObject({ code: CODE.fork })
  })

  let opened: Promise<Awaited<ReturnType<typeof openDatabase>>> | undefined
  const roles = async () => {
    const database = await (opened ??= openDatabase(cluster, 'roles'))
    return { daemon: database.daemon, [Symbol.asyncDispose]: async () => {} }
  }
  afterAll(async () => (await opened)?.[Symbol.asyncDispose]())
})
