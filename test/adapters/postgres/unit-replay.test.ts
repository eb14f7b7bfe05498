import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BEFORE_ALL } from '../../../src/adapters/audit/audit-line.ts'
import { linesAfter } from '../../../src/adapters/audit/lines-after.ts'
import type { Ask } from '../../../src/adapters/postgres/ask.ts'
import { replayUnit } from '../../../src/adapters/postgres/unit-replay.ts'
import type { AuditHead, AuditRecord, ReplayedRecord } from '../../../src/app/audit.ts'
import { KeepingUnreached } from '../../../src/app/tenure.ts'
import { HOUR, MINUTE } from '../../../src/domain/time/instant.ts'
import { type Cluster, startCluster } from '../../engine/cluster.ts'
import { AT } from '../audit/chain.ts'
import { audited, extended, intent, outcome } from '../audit/replayed-records.ts'
import { addUnit, openDatabase } from './database.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster.stop())

const open = async (name: string, records: readonly AuditRecord[]) => {
  const database = await openDatabase(cluster, name)
  const id = await addUnit(database.daemon)
  const { lines } = linesAfter(BEFORE_ALL, records)
  await database.daemon.query(
    'insert into curfew.record (unit, seq, epoch, line) select $1, number, 1, line from unnest($2::text[]) with ordinality as row(line, number)',
    [id, lines.map(String)],
  )
  const rows: number[] = []
  const ask: Ask = async (text, values = []) => {
    const result = await database.daemon.query(text, [...values])
    rows.push(result.rows.length)
    return result
  }
  const replayed = async (since: (newestAt: number | undefined) => number, granted?: AuditHead) => {
    const found: ReplayedRecord[] = []
    await replayUnit(ask, id, since, (record) => found.push(record), granted)
    return found
  }
  const head = async (): Promise<AuditHead> => {
    const { rows: chains } = await database.owner.query<AuditHead>(
      'select seq::integer, hash from curfew.chain where unit = $1',
      [id],
    )
    return chains[0] ?? { seq: 0, hash: '' }
  }
  return { ...database, rows, replayed, head }
}

describe('the replay of a unit', () => {
  it('gives intents, outcomes and extensions since an instant, in their order', async () => {
    const kept = [intent('b', AT), outcome('b', AT + 1), extended('c', AT + 2)]
    await using database = await open('since', [
      intent('a', AT - 1),
      audited('a', AT),
      ...kept.slice(0, 2),
      audited('z', AT + 1),
      ...kept.slice(2),
    ])
    expect(await database.replayed(() => AT)).toEqual(kept)
  })

  it('tells the time of the newest line, which bounds what is read', async () => {
    await using database = await open('newest', [intent('a', AT), audited('b', AT + HOUR)])
    const asked: Array<number | undefined> = []
    await database.replayed((newestAt) => {
      asked.push(newestAt)
      return AT
    })
    expect(asked).toEqual([AT + HOUR])
  })

  it('of a unit without lines gives none', async () => {
    await using database = await open('none', [])
    const asked: Array<number | undefined> = []
    expect(
      await database.replayed((newestAt) => {
        asked.push(newestAt)
        return AT
      }),
    ).toEqual([])
    expect(asked).toEqual([undefined])
  })

  it('reads a long chain in parts, and no more of it than it needs', async () => {
    const records = Array.from({ length: 9000 }, (_, index) => intent(`c${index}`, AT + index * MINUTE))
    await using database = await open('long', records)
    const from = AT + 4000 * MINUTE
    expect(await database.replayed(() => from)).toEqual(records.slice(4000))
    expect(Math.max(...database.rows)).toBeLessThanOrEqual(2000)
    expect(database.rows.reduce((sum, rows) => sum + rows, 0)).toBeLessThan(5200)
  })

  it('goes on from the grant, or fails where the chain ends before it, or is another one', async () => {
    await using database = await open('granted', [intent('a', AT), outcome('a', AT + 1)])
    const head = await database.head()
    expect(await database.replayed(() => AT, head)).toHaveLength(2)
    expect(await database.replayed(() => AT + HOUR, head)).toHaveLength(0)
    expect(await database.replayed(() => AT, { ...head, seq: 1 })).toHaveLength(2)
    await expect(database.replayed(() => AT, { ...head, seq: 3 })).rejects.toThrow(KeepingUnreached)
    await expect(database.replayed(() => AT, { ...head, hash: 'f'.repeat(64) })).rejects.toThrow(KeepingUnreached)
  })

  it('fails where the lines end before the chain', async () => {
    await using database = await open('short', [intent('a', AT), outcome('a', AT + 1)])
    const head = await database.head()
    await database.owner.query('set session_replication_role = replica')
    await database.owner.query('delete from curfew.record where seq = 2')
    await expect(database.replayed(() => AT, head)).rejects.toThrow('it ends with line 1 there')
  })

  it('finds a record that the clock of another replica dated a minute earlier than the line before', async () => {
    const records = [intent('a', AT + 2 * MINUTE), intent('b', AT + MINUTE), intent('c', AT + 3 * MINUTE)]
    await using database = await open('clocks', records)
    expect(await database.replayed(() => AT + MINUTE)).toEqual(records)
  })
})
