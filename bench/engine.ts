import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from '../test/engine/cluster.ts'
import { bundled } from './support/bundle.ts'
import { cpuSecondsOf, residentMbOf } from './support/process-cpu.ts'
import {
  BUNDLE,
  shared,
  startDatabase,
  startOnFiles,
  startReplica,
  unitsIn,
  until,
  type Work,
} from './support/replicas.ts'
import { median, type Options, ratio, rounded, type Table } from './support/table.ts'

const MINUTE_S = 60

/** What the database did in a window. */
const counted = async (cluster: Cluster) => {
  const [row] = await cluster.sql<{ statements: string; wal: string }>(
    `select (select coalesce(sum(calls), 0) from pg_stat_statements where query ~ 'curfew|advisory|set_config') as statements,
       pg_current_wal_lsn() - '0/0' as wal`,
  )
  return { statements: Number(row?.statements), walBytes: Number(row?.wal) }
}

/** The processes of the server that are there at both ends of a window. Their children count when they have ended. */
const serverCpu = async (cluster: Cluster): Promise<ReadonlyMap<number, number>> => {
  const found = new Map<number, number>()
  for (const pid of await cluster.pids()) {
    try {
      found.set(pid, cpuSecondsOf(pid))
    } catch {
      // It has ended meanwhile.
    }
  }
  return found
}

interface Figures {
  /** CPU seconds a minute of each process. */
  readonly cpu: readonly number[]
  readonly residentMb: number
  readonly statements: number
  readonly walBytes: number
  readonly serverCpu: number
}

/** Measures processes that are at work. Every figure is for a minute. */
const measured = async (pids: readonly number[], seconds: number, cluster?: Cluster): Promise<Figures> => {
  const [cpu, before, server] = [
    pids.map(cpuSecondsOf),
    cluster && (await counted(cluster)),
    cluster && (await serverCpu(cluster)),
  ]
  const startedAt = performance.now()
  await sleep(seconds * 1000)
  const perMinute = (MINUTE_S * 1000) / (performance.now() - startedAt)
  const cpuNow = pids.map(cpuSecondsOf)
  const after = cluster && (await counted(cluster))
  const serverNow = cluster && (await serverCpu(cluster))
  const serverSeconds = [...(serverNow ?? [])].reduce((sum, [pid, now]) => sum + now - (server?.get(pid) ?? 0), 0)
  return {
    cpu: cpuNow.map((now, at) => (now - (cpu[at] ?? 0)) * perMinute),
    residentMb: Math.max(...pids.map(residentMbOf)),
    statements: ((after?.statements ?? 0) - (before?.statements ?? 0)) * perMinute,
    walBytes: ((after?.walBytes ?? 0) - (before?.walBytes ?? 0)) * perMinute,
    serverCpu: serverSeconds * perMinute,
  }
}

/** What the three parts share. */
interface Setting extends Options {
  readonly accounts: (units: number, connections: number) => Promise<{ readonly ports: readonly number[] } & Disposable>
  readonly schedule: string
  readonly windowS: number
  readonly steadyMs: number
}

/** What one, two and three replicas need for the same work, beside one process on files. */
const carried = async ({ quick, rounds, accounts, schedule, windowS, steadyMs }: Setting): Promise<Table> => {
  const [units, connections] = quick ? [3, 50] : [24, 2500]
  using ec2 = await accounts(units, connections)
  const work: Work = { ports: ec2.ports, mode: 'enforce', schedule }
  const rows: Array<Record<string, string | number>> = []
  let onFiles = Number.NaN
  const add = (what: string, all: readonly Figures[]) => {
    const of = (pick: (figures: Figures) => number) => median(all.map(pick))
    const total = of(({ cpu }) => cpu.reduce((sum, one) => sum + one, 0))
    const busiest = of(({ cpu }) => Math.max(...cpu))
    if (Number.isNaN(onFiles)) onFiles = total
    rows.push({
      what,
      'CPU s a minute, all': rounded(total),
      'to files': ratio(total, onFiles),
      busiest: rounded(busiest),
      'connections at a full core each (computed)': rounded((units * connections * MINUTE_S) / busiest),
      'RSS MB': Math.round(of(({ residentMb }) => residentMb)),
      'statements per unit and minute': rounded(of(({ statements }) => statements) / units),
      'WAL kB per unit and minute': rounded(of(({ walBytes }) => walBytes) / units / 1000),
      'CPU s a minute, database': rounded(of(({ serverCpu: seconds }) => seconds)),
    })
  }
  const files: Figures[] = []
  for (let round = 0; round < rounds; round++) {
    const process = await startOnFiles(work)
    files.push(await measured([process.pid], windowS))
    await process.stop()
  }
  add('one process on files', files)
  for (const count of quick ? [2] : [1, 2, 3]) {
    const all: Figures[] = []
    for (let round = 0; round < rounds; round++) {
      const cluster = await startDatabase()
      const replicas = await Promise.all(Array.from({ length: count }, () => startReplica(work, cluster)))
      await shared(work, cluster, replicas, steadyMs)
      all.push(
        await measured(
          replicas.map(({ pid }) => pid),
          windowS,
          cluster,
        ),
      )
      for (const replica of replicas) await replica.stop()
      await cluster.stop()
    }
    add(count === 1 ? 'one replica' : `${count} replicas`, all)
  }
  return {
    title: `engine: ${units} units of ${connections} connections, one termination each at every poll (${schedule})`,
    rows,
  }
}

/** What the database does for more and more units. */
const growth = async ({ quick, accounts, schedule, windowS, steadyMs }: Setting): Promise<Table> => {
  const count = quick ? 1 : 3
  const rows = []
  for (const units of quick ? [3, 4] : [10, 50, 200]) {
    using ec2 = await accounts(units, 20)
    const work: Work = { ports: ec2.ports, mode: 'audit', schedule }
    const cluster = await startDatabase()
    const replicas = await Promise.all(Array.from({ length: count }, () => startReplica(work, cluster)))
    await shared(work, cluster, replicas, steadyMs)
    const figures = await measured(
      replicas.map(({ pid }) => pid),
      windowS,
      cluster,
    )
    rows.push({
      units,
      'statements a minute': Math.round(figures.statements),
      'per unit': rounded(figures.statements / units),
      'WAL kB a minute': rounded(figures.walBytes / 1000),
      'per unit ': rounded(figures.walBytes / units / 1000),
      'CPU s a minute, database': rounded(figures.serverCpu),
      replicas: rounded(figures.cpu.reduce((sum, one) => sum + one, 0)),
    })
    for (const replica of replicas) await replica.stop()
    await cluster.stop()
  }
  return { title: `engine-growth: ${count} replicas that end nobody, 20 connections a unit`, rows }
}

/** How long units are without an owner when a replica is lost. */
const takeover = async ({ quick, rounds, accounts, schedule, steadyMs }: Setting): Promise<Table> => {
  const [units, count] = quick ? [6, 2] : [60, 3]
  using ec2 = await accounts(units, 20)
  const work: Work = { ports: ec2.ports, mode: 'enforce', schedule }
  const cluster = await startDatabase()
  let replicas = await Promise.all(Array.from({ length: count }, () => startReplica(work, cluster)))
  const rows = []
  const ways = [
    ['kill -9', 'SIGKILL'],
    ['stopped without a word, as a lost machine', 'SIGSTOP'],
    ['SIGTERM', 'SIGTERM'],
  ] as const
  for (const [what, signal] of quick ? [ways[0], ways[2]] : ways) {
    const waits: number[] = []
    const backs: number[] = []
    for (let round = 0; round < rounds; round++) {
      await shared(work, cluster, replicas, steadyMs)
      const [victim, ...others] = replicas
      if (victim === undefined) throw new Error('no replica')
      const mine = new Set(
        (await unitsIn(cluster)).filter(({ holder }) => holder === victim.name).map(({ key }) => key),
      )
      const at = Date.now()
      victim.child.kill(signal)
      const moved = await until('the units of the lost replica are taken', async () => {
        const taken = (await unitsIn(cluster)).filter(({ key, holder }) => mine.has(key) && holder !== victim.name)
        return taken.length === mine.size ? taken : undefined
      })
      waits.push(...moved.map(({ granted_ms }) => granted_ms - at))
      await victim.stop()
      const joinedAt = performance.now()
      const next = await startReplica(work, cluster)
      replicas = [...others, next]
      backs.push(((await shared(work, cluster, replicas, steadyMs)) - joinedAt) / 1000)
    }
    const sorted = waits.toSorted((a, b) => a - b)
    rows.push({
      lost: what,
      'units moved': sorted.length,
      'without owner, p50 s': rounded(median(sorted) / 1000),
      'max s': rounded((sorted.at(-1) ?? Number.NaN) / 1000),
      'another one started: even after s': rounded(median(backs)),
    })
  }
  for (const replica of replicas) await replica.stop()
  await cluster.stop()
  return { title: `engine-takeover: one of ${count} replicas is lost, ${units} units, lease of 6 s`, rows }
}

/** Replicas on PostgreSQL beside one process on files. */
export const engine = async (options: Options): Promise<readonly Table[]> => {
  if (!existsSync(BUNDLE)) throw new Error(`${BUNDLE} does not exist: run npm run build first`)
  const { quick } = options
  using server = await bundled('bench/support/units-server.ts')
  const setting: Setting = {
    ...options,
    async accounts(units, connections) {
      const serving = fork(server.file, [String(units), String(connections)], { execArgv: [] })
      const [ports] = (await once(serving, 'message')) as [readonly number[]]
      return { ports, [Symbol.dispose]: () => serving.disconnect() }
    },
    schedule: quick ? '*/2 * * * * *' : '*/15 * * * * *',
    windowS: quick ? 3 : MINUTE_S,
    steadyMs: quick ? 0 : 5000,
  }
  return [await carried(setting), await growth(setting), await takeover(setting)]
}
