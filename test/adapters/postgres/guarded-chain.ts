import type pg from 'pg'
import { BEFORE_ALL } from '../../../src/adapters/audit/audit-line.ts'
import type { Ask } from '../../../src/adapters/postgres/ask.ts'
import { createRecordWriter } from '../../../src/adapters/postgres/record-writer.ts'
import { openUnitTrail } from '../../../src/adapters/postgres/unit-trail.ts'
import type { AuditRecord } from '../../../src/app/audit.ts'
import { addUnit } from './database.ts'
import { sessionOf } from './session-of.ts'

/** Adds a unit, and opens its trail as the replica of its first tenure does. */
export const openFirstTrail = async (client: pg.Client, unit: string) => {
  const id = await addUnit(client, unit)
  const session = sessionOf(client)
  const ask: Ask = (text, values = []) => client.query(text, [...values])
  const trail = await openUnitTrail({
    writer: createRecordWriter(session, () => {}),
    unit: { id, key: unit },
    epoch: 1,
    head: BEFORE_ALL,
    holds: session.holds,
    lost: session.over,
    ask,
    now: () => Date.now(),
  })
  return { id, unit, trail, ask }
}

/** Adds a unit with a chain of these records. */
export const writeChain = async (client: pg.Client, unit: string, records: readonly AuditRecord[]) => {
  const { id, trail, ask } = await openFirstTrail(client, unit)
  await trail.write(records)
  const head = trail.head()
  await trail.close()
  const { rows } = await ask<{ line: string }>('select line from curfew.record where unit = $1 order by seq', [id])
  return { id, unit, head, lines: rows.map(({ line }) => line) }
}
