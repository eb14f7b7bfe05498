import type pg from 'pg'
import { BEFORE_ALL, hashOf, lineOf } from '../../../src/adapters/audit/audit-line.ts'
import type { AuditHead, AuditRecord } from '../../../src/app/audit.ts'
import { addUnit } from './database.ts'

/** Adds a unit, and records to its chain, as a replica does: the guard of the database has checked each line. */
export const writeChain = async (client: pg.Client, unit: string, records: readonly AuditRecord[]) => {
  const id = await addUnit(client, unit)
  const lines: string[] = []
  let head: AuditHead = BEFORE_ALL
  for (const one of records) {
    const line = lineOf(one, head)
    lines.push(line.toString())
    head = { seq: head.seq + 1, hash: hashOf(line) }
  }
  await client.query(
    `insert into curfew.record (unit, seq, epoch, line)
     select $1, number, 1, line from unnest($2::text[]) with ordinality as row(line, number)`,
    [id, lines],
  )
  return { id, unit, head, lines }
}
