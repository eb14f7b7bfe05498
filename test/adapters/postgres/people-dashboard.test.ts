import { readFileSync } from 'node:fs'
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sqlAnswersOf } from '../../../scripts/dashboards-preview/answer-in-sql.ts'
import { draw } from '../../../scripts/dashboards-preview/page.ts'
import { BEFORE_ALL, hashOf, lineOf } from '../../../src/adapters/audit/audit-line.ts'
import { UNIT_LOCK } from '../../../src/adapters/postgres/beat.ts'
import { READER_ROLE } from '../../../src/adapters/postgres/migration-script.ts'
import type { AuditRecord, IntentRecord, OutcomeRecord } from '../../../src/app/audit.ts'
import { HOUR, MINUTE, toIso } from '../../../src/domain/time/instant.ts'
import { type Cluster, startCluster } from '../../engine/cluster.ts'
import { panelsOf, sqlTargetsOf } from '../../house/dashboard-queries.ts'
import { type SqlChoices, sqlAsSent } from '../../house/dashboard-sql.ts'
import { addUnit, connectAs, openDatabase } from './database.ts'

const dashboard = JSON.parse(readFileSync('deploy/grafana/dashboards/people.json', 'utf8')) as Dashboard

const HEAD = 'eu-central-1 111122223333'
const BRANCH = 'us-east-1 444455556666'
const TO = Date.now()
const FROM = TO - 24 * HOUR

/** A record of a connection, so many minutes before the end of the range. */
const entry = (
  minutesAgo: number,
  event: 'intent' | 'outcome' | 'gave-up' | 'would-end',
  username: string,
  more: { readonly outcome?: string; readonly call?: string; readonly policy?: string } = {},
) => ({
  at: TO - minutesAgo * MINUTE,
  record: {
    time: TO - minutesAgo * MINUTE,
    event,
    endpointId: 'cvpn-endpoint-1',
    account: '111122223333',
    region: 'eu-central-1',
    connectionId: `cvpn-connection-${username}`,
    username,
    policy: more.policy ?? 'daily',
    reason: 'session-age',
    because: 'connected for 9h: at most 8h is allowed',
    call: { id: more.call ?? `call-${username}`, selector: 'connection-id' },
    ...(more.outcome === undefined ? {} : { outcome: more.outcome }),
  } as unknown as IntentRecord | OutcomeRecord,
})

const CHAINS = {
  [HEAD]: [
    entry(3000, 'intent', 'before'),
    entry(2999, 'outcome', 'before', { outcome: 'confirmed' }),
    entry(600, 'intent', 'alice'),
    entry(599, 'outcome', 'alice', { outcome: 'accepted' }),
    entry(598, 'outcome', 'alice', { outcome: 'confirmed' }),
    entry(500, 'intent', "o'brien"),
    entry(400, 'intent', 'alice', { policy: 'leavers', call: 'call-2' }),
    entry(399, 'outcome', 'alice', { policy: 'leavers', call: 'call-2', outcome: 'confirmed' }),
    entry(300, 'would-end', 'carol'),
    entry(2, 'intent', 'bob'),
    entry(1, 'outcome', 'bob', { outcome: 'accepted' }),
  ],
  [BRANCH]: [
    entry(200, 'intent', 'mallory', { policy: 'leavers' }),
    entry(199, 'outcome', 'mallory', { policy: 'leavers', outcome: 'failed' }),
    entry(198, 'intent', 'mallory', { policy: 'leavers', call: 'call-3' }),
    entry(197, 'gave-up', 'mallory', { policy: 'leavers', call: 'call-3', outcome: 'gave-up' }),
    entry(100, 'intent', 'null\u0000name'),
    entry(99, 'outcome', 'null\u0000name', { outcome: 'confirmed' }),
  ],
} as const

const write = async (owner: pg.Client, unit: number, entries: readonly { at: number; record: AuditRecord }[]) => {
  let head = BEFORE_ALL
  for (const { at, record } of entries) {
    const line = lineOf(record, head)
    head = { seq: head.seq + 1, hash: hashOf(line) }
    const sql = 'insert into curfew.record (unit, seq, epoch, recorded_at, line) values ($1, $2, 1, $3, $4)'
    await owner.query(sql, [unit, head.seq, toIso(at), line.toString()])
  }
}

type Choices = Pick<SqlChoices, 'unit' | 'policy' | 'person'>

const RANGE = { from: FROM, to: TO, intervalMs: 15 * MINUTE }

const sent = (sql: string, choices: Choices = {}) => sqlAsSent(sql, { ...RANGE, ...choices })

let cluster: Cluster
let database: Awaited<ReturnType<typeof openDatabase>>
let reader: pg.Client

beforeAll(async () => {
  cluster = await startCluster()
  database = await openDatabase(cluster, 'people')
  for (const [key, entries] of Object.entries(CHAINS)) {
    await write(database.owner, await addUnit(database.daemon, key), entries)
  }
  await database.daemon.query(`update curfew.unit set holder = 'replica-1', granted_at = now()`)
  await database.daemon.query('select pg_advisory_lock($1, id) from curfew.unit where key = $2', [UNIT_LOCK, HEAD])
  await cluster.sql(`create role grafana login in role ${READER_ROLE}`)
  reader = await connectAs(cluster, 'grafana', 'people')
})

afterAll(async () => {
  await reader.end()
  await database[Symbol.asyncDispose]()
  await cluster.stop()
})

const panels = panelsOf(dashboard)
const panelOf = (title: string) => {
  const panel = panels.find((one) => one.title === title)
  if (panel === undefined) throw new Error(`there is no panel ${title}`)
  return panel
}

type Row = Readonly<Record<string, unknown>>

const ask = async (title: string, choices: Choices = {}): Promise<readonly Row[]> => {
  const [target] = sqlTargetsOf(panelOf(title))
  return (await reader.query<Row>(sent(target?.rawSql ?? '', choices))).rows
}

const valueOf = async (title: string, choices: Choices = {}) => Number((await ask(title, choices))[0]?.['value'])

/** The sum over time for each line of a graph. */
const sumsOf = async (title: string, choices: Choices = {}) => {
  const sums: Record<string, number> = {}
  for (const { metric, value } of await ask(title, choices))
    sums[String(metric)] = (sums[String(metric)] ?? 0) + Number(value)
  return sums
}

describe('the dashboard of people', () => {
  it.each(panels.flatMap((panel) => sqlTargetsOf(panel).map((target) => ({ title: panel.title ?? '', target }))))(
    'asks what a reader may ask, in the shape that Grafana needs: $title',
    async ({ title, target }) => {
      const { rows, fields } = await reader.query<Row>(sent(target.rawSql))
      expect(rows.length).toBeGreaterThan(0)
      if (target.format === 'time_series') {
        expect(fields.map(({ name }) => name)).toEqual(['time', 'metric', 'value'])
        const times = rows.map(({ time }) => Number(time))
        expect(times).toEqual(times.toSorted((a, b) => a - b))
        expect(times.every((time) => time % 900 === 0)).toBe(true)
      }
      if (panelOf(title).type === 'stat') expect(fields.map(({ name }) => name)).toEqual(['value'])
    },
  )

  it('draws a mark in every panel', async () => {
    const range = { from: FROM, to: TO, stepMs: 15 * MINUTE, scrapeIntervalMs: MINUTE }
    const answers = await sqlAnswersOf(dashboard, reader, range)
    const empty = panels.filter((panel) => draw(panel, answers.get(panel.title ?? '') ?? [], range).marks === 0)
    expect(empty.map(({ title }) => title)).toEqual([])
  })

  it('counts each ended session once, within the range', async () => {
    expect(await valueOf('Ended')).toBe(3)
    expect(await valueOf('People')).toBe(2)
    expect(await valueOf('Given up')).toBe(1)
    expect(await valueOf('Would have ended')).toBe(1)
    expect(await sumsOf('Ended, by policy')).toEqual({ daily: 2, leavers: 1 })
    expect(await sumsOf('Ended, by unit')).toEqual({ [HEAD]: 2, [BRANCH]: 1 })
    expect(await sumsOf('Terminations, by outcome')).toEqual({ confirmed: 3, failed: 1, 'gave-up': 1 })
  })

  it('names the people, also with characters that PostgreSQL does not hold', async () => {
    const people = await ask('People whose sessions ended')
    expect(people.map(({ Person, Ended, Policies }) => [Person, Number(Ended), Policies])).toEqual([
      ['alice', 2, 'daily, leavers'],
      ['null\ufffdname', 1, 'daily'],
    ])
    const last = await ask('Last terminations')
    expect(last.map(({ Person, Outcome }) => `${String(Person)} ${String(Outcome)}`)).toEqual([
      'null\ufffdname confirmed',
      'mallory gave-up',
      'mallory failed',
      'alice confirmed',
      'alice confirmed',
    ])
  })

  it('lists the intents whose end nobody knows, and what AWS said', async () => {
    const open = await ask('Intents without an outcome')
    expect(open.map((row) => [row['Person'], row['Call'], row['AWS said']])).toEqual([
      ['bob', 'call-bob', 'accepted'],
      ["o'brien", "call-o'brien", 'nothing'],
    ])
  })

  it('says who holds what now, and who held it last', async () => {
    const held = await ask('Who holds what')
    expect(held.map((row) => [row['Unit'], row['Held by'], row['Last holder'], Number(row['Records'])])).toEqual([
      [HEAD, 'replica-1', 'replica-1', CHAINS[HEAD].length],
      [BRANCH, null, 'replica-1', CHAINS[BRANCH].length],
    ])
    expect([await valueOf('Units held'), await valueOf('Units that nobody holds')]).toEqual([1, 1])
  })

  it('shows how the trail grows', async () => {
    expect(await sumsOf('Records, by unit')).toEqual({
      [HEAD]: CHAINS[HEAD].length - 2,
      [BRANCH]: CHAINS[BRANCH].length,
    })
    const bytes = await sumsOf('Bytes, by unit', { unit: [BRANCH] })
    const { rows } = await database.owner.query<{ bytes: string }>(
      `select sum(octet_length(line)) as bytes from curfew.record join curfew.unit on id = unit where key = $1`,
      [BRANCH],
    )
    expect(bytes).toEqual({ [BRANCH]: Number(rows[0]?.bytes) })
  })

  it('follows the choices at its top', async () => {
    expect(await valueOf('Ended', { unit: [BRANCH] })).toBe(1)
    expect(await valueOf('Ended', { policy: ['leavers', 'other'] })).toBe(1)
    expect(await valueOf('Ended', { person: 'ALI' })).toBe(2)
    expect(await valueOf('Ended', { person: "x' or 'a' = 'a" })).toBe(0)
    expect((await ask('Intents without an outcome', { person: "o'b" })).length).toBe(1)
  })

  it('offers the units and the policies of the range to choose from', async () => {
    const offered = async (name: string) => {
      const variable = dashboard.templating.list?.find((one) => one.name === name)
      return (await reader.query<Row>(sent(variable?.query as string))).rows.map((row) => row[name])
    }
    expect(await offered('unit')).toEqual([HEAD, BRANCH])
    expect(await offered('policy')).toEqual(['daily', 'leavers'])
  })
})

describe('the role of readers', () => {
  it.each(['curfew.record', 'curfew.unit', 'curfew.chain', 'curfew.generation', 'curfew.origin'])(
    'may not read %s',
    async (table) => {
      await expect(reader.query(`select * from ${table}`)).rejects.toMatchObject({ code: '42501' })
    },
  )

  it('may change nothing', async () => {
    await expect(reader.query('delete from curfew.trail')).rejects.toThrow()
    await expect(reader.query(`update curfew.holding set holder = 'me'`)).rejects.toThrow()
    await expect(reader.query('create table curfew.mine (one integer)')).rejects.toMatchObject({ code: '42501' })
  })
})
