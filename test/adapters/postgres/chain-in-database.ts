import pg from 'pg'
import { BEFORE_ALL, hashOf, lineOf } from '../../../src/adapters/audit/audit-line.ts'
import type { Ask } from '../../../src/adapters/postgres/ask.ts'
import { TABLES } from '../../../src/adapters/postgres/migrations/0001-tables.ts'
import type { AuditHead } from '../../../src/app/audit.ts'
import { HOUR, toIso } from '../../../src/domain/time/instant.ts'
import type { Cluster } from '../../engine/cluster.ts'
import { AT, record } from '../audit/chain.ts'

/** A session of the superuser. */
export const connect = async (cluster: Cluster, name: string) => {
  const client = new pg.Client({ connectionString: cluster.url(name) })
  await client.connect()
  const ask: Ask = (text, values = []) => client.query(text, [...values])
  return { client, ask, [Symbol.asyncDispose]: () => client.end() }
}

/** A database with the tables as the first migration makes them, without the guards of the later ones. */
export const openBareDatabase = async (cluster: Cluster, name: string) => {
  await cluster.sql(`create database ${name}`)
  const database = await connect(cluster, name)
  await database.client.query(`create schema curfew; ${TABLES}`)
  return database
}

/** Adds a unit with a chain of lines, an hour apart. */
export const addChain = async (ask: Ask, unit: string, count: number, { from = AT, everyMs = HOUR } = {}) => {
  const { rows } = await ask<{ id: number }>('insert into curfew.unit (key) values ($1) returning id', [unit])
  const id = rows[0]?.id ?? 0
  const heads: AuditHead[] = [BEFORE_ALL]
  const lines: string[] = []
  let head = BEFORE_ALL
  for (let index = 0; index < count; index++) {
    const line = lineOf(record(`c${index}`, { time: from + index * everyMs }), head)
    head = { seq: head.seq + 1, hash: hashOf(line) }
    heads.push(head)
    lines.push(line.toString())
  }
  await ask(
    `insert into curfew.record (unit, seq, epoch, recorded_at, line)
     select $1, row.number, 1, $2::timestamptz + (row.number - 1) * $3::interval, row.line
     from unnest($4::text[]) with ordinality as row(line, number)`,
    [id, toIso(from), `${everyMs} ms`, lines],
  )
  await ask('insert into curfew.chain (unit, seq, hash) values ($1, $2, $3)', [id, head.seq, head.hash])
  return { id, heads, head, lines }
}
