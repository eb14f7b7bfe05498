import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect, promisify } from 'node:util'
import pg from 'pg'
import { onTestFinished, TestRunner } from 'vitest'

import type { EndpointInput } from '../../src/simulator/scenario.ts'
import { defineScenario } from '../../src/simulator/scenario-file.ts'
import { startSimulator } from '../../src/simulator/server.ts'
import { startCluster } from './cluster.ts'
import { type Call, type Grant, type Intent, judgeCalls } from './judge-calls.ts'
import { MAIN, type Replica, startReplica } from './replica-process.ts'

const run = promisify(execFile)

/** Each is one unit: its Region, with the credentials of the replica. */
const REGIONS = ['eu-central-1', 'us-east-1', 'eu-west-1', 'us-west-2', 'ap-south-1', 'sa-east-1'] as const

const ENDPOINTS = REGIONS.map((region, index) => ({ region, id: `cvpn-endpoint-0123456789abcde0${index}` }))

export const unitOf = (region: string) => `${region} own`

/** Keeps what the table of units overwrites: who was granted what, and when. Tells of intents when they are committed. */
const HISTORY = `
create table public.grant_history (unit text, epoch bigint, holder text, granted_at timestamptz);
create function public.keep_grant() returns trigger language plpgsql security definer as $$
begin
  insert into public.grant_history values (new.key, new.epoch, new.holder, clock_timestamp());
  return null;
end $$;
create trigger keep_grant after update of epoch on curfew.unit for each row
when (old.epoch is distinct from new.epoch) execute function public.keep_grant();
create function public.tell_intents() returns trigger language plpgsql security definer as $$
begin
  perform pg_notify('intents', (select key from curfew.unit where id = added.unit))
  from added where line like '%"event":"intent"%';
  return null;
end $$;
create trigger tell_intents after insert on curfew.record referencing new table as added
for each statement execute function public.tell_intents();
create role replica login in role curfew_daemon;
`

/** What is special about the machine of a replica. */
interface Host {
  /** Its way to the database. */
  readonly databaseUrl?: string
  /** A module that Node loads before the program. */
  readonly preload?: string
}

/** The replicas of the companies that have not ended. */
const replicasOf = new Set<readonly Replica[]>()

/** What a test that waits in vain must know of a replica. */
const seenOf = (replica: Replica): string => {
  const state = replica.hasExited() ? (replica.isAsked() ? 'has ended' : 'HAS EXITED UNASKED') : 'runs'
  const lines = replica.lines.slice(-8).map((line) => `\n    ${JSON.stringify(line).slice(0, 300)}`)
  return `\n  ${replica.key} ${state}; its last lines:${lines.join('')}\n    ${replica.stderr()}`
}

/** The time before the limit of the test at which a wait gives up: the test can then say why it failed. */
const LEFT_MS = 3000

/**
 * Waits for a condition. The limit of the test is the only bound: nothing here depends on the speed of the machine. It
 * fails, with what it saw last, shortly before that limit, and as soon as a replica has exited that nobody asked to.
 */
export const until = async <Value>(find: () => Value | Promise<Value>): Promise<NonNullable<Awaited<Value>>> => {
  const test = TestRunner.getCurrentTest()
  const endsAt = (test?.result?.startTime ?? Number.NaN) + (test?.timeout ?? Number.NaN) - LEFT_MS
  for (;;) {
    const found = await find()
    if (found !== undefined && found !== null && found !== false) return found as NonNullable<Awaited<Value>>
    const replicas = [...replicasOf].flat()
    const hasFallen = replicas.some((replica) => replica.hasExited() && !replica.isAsked())
    if (hasFallen || Date.now() > endsAt) {
      throw new Error(`waited in vain: ${find.toString()} gave ${inspect(found)}${replicas.map(seenOf).join('')}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/**
 * A company on a PostgreSQL server and a simulated AWS of its own: replicas of the built program, each with a folder, a port
 * and an access key of its own.
 */
export const startCompany = async (options: {
  /** How many of `REGIONS` are watched. */
  readonly units: number
  readonly policies: string
  readonly clients: (region: string) => EndpointInput['clients']
  readonly lease?: string
  readonly rate?: { readonly burst: number; readonly perSecond: number }
  /** The level of the logs. `trace` has each beat. */
  readonly log?: 'info' | 'trace'
  /** Whether several tests use it, so that `afterAll` must end it. */
  readonly isShared?: boolean
}) => {
  const { units, policies, lease = '2s', rate = { burst: 40, perSecond: 20 }, log = 'info' } = options
  const folder = mkdtempSync(join(tmpdir(), 'curfew-replicas-'))
  const endpoints = ENDPOINTS.slice(0, units)
  const calls: Call[] = []
  const simulator = await startSimulator({
    scenario: defineScenario({
      buckets: { describe: { burst: 1000, perSecond: 1000 }, terminate: { burst: 1000, perSecond: 1000 } },
      endpoints: endpoints.map(({ region, id }) => ({
        id,
        region,
        name: region,
        authentication: 'federated',
        terminatingFor: '1s',
        listedFor: '20s',
        clients: options.clients(region),
      })),
    }),
    intercept: ({ action, params, region = '', accessKeyId = '' }) => {
      if (action !== 'TerminateClientVpnConnections' || params.DryRun === 'true') return undefined
      calls.push({
        key: accessKeyId,
        unit: unitOf(region),
        endpointId: params.ClientVpnEndpointId ?? '',
        connectionId: params.ConnectionId,
        username: params.Username,
        arrivedAt: Date.now() + 1,
      })
      return undefined
    },
  })
  const cluster = await startCluster({ track_commit_timestamp: 'on' })
  const databaseUrl = cluster.url('postgres', 'replica')
  const yaml = `
version: 1
mode: enforce
policies: [./policies.yaml]
engine: { kind: postgres, url: { env: CURFEW_DATABASE_URL }, lease: ${lease}, tls: off }
watch:
${endpoints.map(({ region, id }) => `  - { region: ${region}, endpoints: [{ id: ${id}, name: ${region} }] }`).join('\n')}
poll: { schedule: "* * * * * *", minGap: 1s, requestTimeout: 30s, rate: { burst: 100, perSecond: 50 } }
termination: { rate: { burst: ${rate.burst}, perSecond: ${rate.perSecond} }, verifyWithin: 10s, attempts: 12 }
server: { port: 0 }
log: { level: ${log} }
`
  const started: Replica[] = []
  replicasOf.add(started)

  let isEnded = false
  const end = async () => {
    if (isEnded) return
    isEnded = true
    replicasOf.delete(started)
    for (const replica of started) {
      if (replica.hasExited()) continue
      replica.signal('SIGKILL')
      replica.signal('SIGCONT')
      await replica.exited
    }
    await simulator.close()
    await cluster.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  // Also after a test that has run out of time, which disposes of nothing.
  if (options.isShared !== true) onTestFinished(end)

  const curfew = async (...args: readonly string[]) => {
    const env = { PATH: process.env.PATH, CURFEW_DATABASE_URL: databaseUrl, OWNER_URL: cluster.url() }
    return run(process.execPath, [MAIN, ...args], { cwd: folder, env })
  }
  writeFileSync(join(folder, 'curfew.yaml'), yaml)
  writeFileSync(join(folder, 'policies.yaml'), policies)

  const grants = async (): Promise<readonly Grant[]> => {
    const rows = await cluster.sql<{ unit: string; epoch: string; holder: string; at: string }>(
      'select unit, epoch, holder, extract(epoch from granted_at) * 1000 as at from public.grant_history order by granted_at',
    )
    return rows.map(({ unit, epoch, holder, at }) => ({
      unit,
      epoch: Number(epoch),
      key: keyOf(holder),
      grantedAt: Number(at),
    }))
  }

  /** The access key of a replica by the name that it gives itself, which holds its process id. */
  const keyOf = (holder: string): string => {
    const pid = Number(/-(\d+)-[0-9a-f]+$/.exec(holder)?.[1])
    const found = started.find((replica) => replica.pid === pid)
    if (found === undefined) throw new Error(`no replica of this test is named ${holder}`)
    return found.key
  }

  const intents = async (): Promise<readonly Intent[]> => {
    const rows = await cluster.sql<{ unit: string; epoch: string; line: string; at: string }>(
      `select u.key as unit, r.epoch, r.line, extract(epoch from pg_xact_commit_timestamp(r.xmin)) * 1000 as at
       from curfew.record r join curfew.unit u on u.id = r.unit where r.line like '%"event":"intent"%'`,
    )
    return rows.map(({ unit, epoch, line, at }) => {
      const { endpointId, connectionId, username, call } = JSON.parse(line) as {
        endpointId: string
        connectionId: string
        username?: string
        call: { id: string; selector: string }
      }
      return {
        unit,
        epoch: Number(epoch),
        callId: call.id,
        endpointId,
        connectionId,
        username: call.selector === 'username' ? username : undefined,
        committedAt: Number(at),
      }
    })
  }

  return {
    folder,
    cluster,
    simulator,
    calls,
    endpoints,
    databaseUrl,
    curfew,
    grants,
    intents,

    async migrate() {
      await curfew('engine', 'migrate', '-c', 'curfew.yaml', '--owner-url', 'OWNER_URL')
      await cluster.sql(HISTORY)
    },

    /** Resolves as soon as an intent of one of the units is committed. */
    async nextIntent(ofUnits: ReadonlySet<string>): Promise<void> {
      const client = new pg.Client({ connectionString: cluster.url() })
      await client.connect()
      const told = new Promise<void>((resolve) => {
        client.on('notification', ({ payload = '' }) => {
          if (ofUnits.has(payload)) resolve()
        })
      })
      await client.query('listen intents')
      await told
      await client.end()
    },

    /** Starts a replica. Each process has a key of its own, or that of one that has ended: then it has its folder too. */
    start(key: string, credentials?: Readonly<Record<string, string>>, host: Host = {}): Replica {
      const home = join(folder, key)
      mkdirSync(home, { recursive: true })
      writeFileSync(join(home, 'curfew.yaml'), yaml)
      writeFileSync(join(home, 'policies.yaml'), policies)
      const replica = startReplica({ key, folder: home, awsUrl: simulator.url, databaseUrl, credentials, ...host })
      started.push(replica)
      return replica
    },

    /** The key of the replica that holds each unit, as its newest grant says; undefined before the first. */
    async holders(): Promise<ReadonlyMap<string, Grant>> {
      return new Map((await grants()).map((grant) => [grant.unit, grant]))
    },

    /** The connections that are up, on all endpoints. */
    active: (): readonly string[] =>
      endpoints.flatMap(({ id }) =>
        simulator.world
          .connections(id)
          .filter(({ status }) => status === 'active')
          .map(({ connectionId }) => connectionId),
      ),

    /** Ends all replicas that run. They give back what they hold. */
    async stopAll(): Promise<void> {
      for (const replica of started) {
        if (replica.hasExited()) continue
        replica.signal('SIGTERM')
        await replica.exited
      }
    },

    /** What is wrong with the calls that have arrived so far, after the first `earlier` ones. */
    async mistakes(earlier = 0): Promise<readonly string[]> {
      const arrived = calls.slice(earlier)
      const killedAt = (key: string) => started.findLast((replica) => replica.key === key)?.killedAt()
      return judgeCalls(arrived, await grants(), await intents(), killedAt)
    },

    /**
     * What is wrong with the chains: a gap, a fork, a line that does not name the one before, or a head that is elsewhere; and
     * what `curfew audit verify` says if it finds a flaw.
     */
    async brokenChains(): Promise<readonly string[]> {
      const broken: string[] = []
      await curfew('audit', 'verify', '-c', 'curfew.yaml').catch((error: { stdout?: string; stderr?: string }) => {
        broken.push(`audit verify: ${error.stdout}${error.stderr}`)
      })
      const heads = await cluster.sql<{ unit: number; key: string; seq: string; hash: string }>(
        'select c.unit, u.key, c.seq, c.hash from curfew.chain c join curfew.unit u on u.id = c.unit',
      )
      for (const { unit, key, seq, hash } of heads) {
        const lines = await cluster.sql<{ seq: string; epoch: string; line: string }>(
          'select seq, epoch, line from curfew.record where unit = $1 order by seq',
          [unit],
        )
        let [prev, epoch] = ['0'.repeat(64), 0]
        for (const [index, row] of lines.entries()) {
          const record = JSON.parse(row.line) as { seq: number; prev: string }
          const isNext = Number(row.seq) === index + 1 && record.seq === index + 1 && record.prev === prev
          if (!isNext) broken.push(`${key}: line ${row.seq} does not follow line ${index}`)
          if (Number(row.epoch) < epoch) broken.push(`${key}: line ${row.seq} has an older epoch than the line before`)
          epoch = Number(row.epoch)
          prev = createHash('sha256').update(row.line).digest('hex')
        }
        if (Number(seq) !== lines.length || hash !== prev) broken.push(`${key}: the head is not the last line`)
      }
      return broken
    },

    [Symbol.asyncDispose]: end,
  }
}

export type Company = Awaited<ReturnType<typeof startCompany>>
