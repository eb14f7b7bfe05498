import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readTrail } from '../../../src/adapters/audit/read-trail.ts'
import { verifyChain } from '../../../src/adapters/audit/verify-chain.ts'
import type { Ask } from '../../../src/adapters/postgres/ask.ts'
import { partAround, partOfChain } from '../../../src/adapters/postgres/chain-part.ts'
import { readChains } from '../../../src/adapters/postgres/chains.ts'
import { DAY } from '../../../src/domain/time/instant.ts'
import { type Cluster, startCluster } from '../../engine/cluster.ts'
import { AT } from '../audit/chain.ts'
import { addChain, openBareDatabase } from './chain-in-database.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster.stop())

const UNIT = 'eu-central-1 111122223333'
const PARTITION = 'create table curfew.all_records partition of curfew.record default'

/** A database with a unit whose chain has 5,000 lines, an hour apart. */
const openLongChain = async (name: string, count = 5000) => {
  const database = await openBareDatabase(cluster, name)
  await database.ask(PARTITION)
  const chain = await addChain(database.ask, UNIT, count)
  return { ...database, chain, [Symbol.asyncDispose]: () => database.client.end() }
}

const onlyChain = async (ask: Ask) => {
  const [chain] = await readChains(ask)
  if (chain === undefined) throw new Error('there is no chain')
  return chain
}

const verify = async (ask: Ask) => {
  const chain = await onlyChain(ask)
  return verifyChain([partOfChain(ask, chain)], { after: chain.anchor, anchors: [chain.head] })
}

describe('the chain of a unit in the database', () => {
  it('is checked as files are, in several answers of the server', async () => {
    await using at = await openLongChain('whole')
    const asked: number[] = []
    const counted: Ask = async (text, values) => {
      const result = await at.ask(text, values)
      asked.push(result.rows.length)
      return result as never
    }
    const report = await verify(counted)
    expect(report).toMatchObject({ records: 5000, head: at.chain.head, fault: undefined })
    expect(asked).toEqual([1, 2000, 2000, 1000, 0])
  })

  it('is read in answers of a few megabytes, however long its lines are', async () => {
    await using at = await openLongChain('long', 3)
    const long = 'x'.repeat(3 * 1024 * 1024)
    await at.ask(`update curfew.record set line = line || $1`, [long])
    const sizes: number[] = []
    for await (const { lines } of partOfChain(at.ask, await onlyChain(at.ask)).lines()) sizes.push(lines.length)
    expect(sizes).toEqual([2, 1])
  })

  it('tells the unit and the number of a line that somebody has changed', async () => {
    await using at = await openLongChain('changed', 30)
    await at.ask(`update curfew.record set line = replace(line, '"c16"', '"c61"') where seq = 17`)
    const { fault } = await verify(at.ask)
    expect(fault).toMatchObject({ file: UNIT, line: 18, expected: expect.stringContaining(`the hash of ${UNIT}:17`) })
  })

  it('tells that the last line was changed, by the head that the database keeps', async () => {
    await using at = await openLongChain('last', 30)
    await at.ask(`update curfew.record set line = replace(line, '"c29"', '"c92"') where seq = 30`)
    expect((await verify(at.ask)).fault).toMatchObject({ line: 30, expected: expect.stringContaining('anchor') })
  })

  it('tells that a line is missing, in its place or at the end', async () => {
    await using at = await openLongChain('missing', 30)
    await at.ask('delete from curfew.record where seq = 30')
    expect((await verify(at.ask)).fault?.found).toContain('after line 29: line 30 is missing')
    await at.ask('delete from curfew.record where seq = 1')
    expect((await verify(at.ask)).fault).toMatchObject({ line: 1, expected: 'seq 1', found: 'seq 2' })
  })

  it('begins after its anchor', async () => {
    await using at = await openLongChain('anchor', 30)
    const { hash } = at.chain.heads[12] ?? {}
    await at.ask('delete from curfew.record where seq <= 12')
    await at.ask('update curfew.chain set anchor_seq = 12, anchor_hash = $1', [hash])
    expect(await verify(at.ask)).toMatchObject({ records: 18, before: { seq: 12, hash }, fault: undefined })
    await at.ask('update curfew.chain set anchor_hash = $1', ['f'.repeat(64)])
    expect((await verify(at.ask)).fault).toMatchObject({ line: 13, expected: expect.stringMatching(/^prev f/) })
  })

  it('is read only around a period, found by the times in its lines', async () => {
    await using at = await openLongChain('period')
    const chain = await onlyChain(at.ask)
    const period = { since: AT + 100 * DAY, until: AT + 101 * DAY }
    const seqs: number[] = []
    let lines = 0
    for await (const group of readTrail([await partAround(at.ask, chain, period)], period, () => true)) {
      expect(group.flaws).toEqual([])
      lines += group.lines
      seqs.push(...group.records.map(({ seq }) => seq))
    }
    expect(lines).toBeLessThan(6 * 24)
    // A day around the period, as in files.
    expect(seqs).toEqual(Array.from({ length: 3 * 24 + 1 }, (_, index) => 99 * 24 + 1 + index))
  })
})
