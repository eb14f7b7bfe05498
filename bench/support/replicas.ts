import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { migrate } from '../../src/adapters/postgres/migrate.ts'
import { DAEMON_ROLE } from '../../src/adapters/postgres/migration-script.ts'
import { type Cluster, startCluster } from '../../test/engine/cluster.ts'
import { freePort } from '../../test/free-port.ts'
import { endpointIdOf } from './endpoint-id.ts'

export const BUNDLE = 'dist/cli/main.js'

const PATIENCE_MS = 120_000

/** Waits until a condition holds, and returns what it gives. */
export const until = async <Found>(what: string, ask: () => Promise<Found | undefined>): Promise<Found> => {
  const endAt = performance.now() + PATIENCE_MS
  while (performance.now() < endAt) {
    const found = await ask()
    if (found !== undefined) return found
    await sleep(20)
  }
  throw new Error(`${what}: not within ${PATIENCE_MS / 1000} s`)
}

export interface Work {
  /** The ports of the accounts, one for each unit. */
  readonly ports: readonly number[]
  readonly mode: 'audit' | 'enforce'
  readonly schedule: string
}

interface Process {
  readonly child: ChildProcess
  readonly pid: number
  readonly name: string
  stop(): Promise<void>
}

const configuration = ({ ports, mode, schedule }: Work, server: number, engine: string) => `version: 1
mode: ${mode}
policies: [./policies.yaml]
watch:
${ports
  .map(
    (port, account) =>
      `  - { region: eu-central-1, endpointUrl: "http://127.0.0.1:${port}", endpoints: [${endpointIdOf(account)}] }`,
  )
  .join('\n')}
poll: { schedule: "${schedule}" }
server: { port: ${server} }
${engine}`

const POLICIES = `version: 1
policies:
  - { name: daily, kind: max-session-age, maxAge: 12h }
  - { name: leavers, kind: banned-users, users: [mallory, "ext-*"] }
  - { name: much, kind: max-transfer, total: 1000GB }
`

/** Starts a process and waits until it has read every endpoint that it holds. */
const startProcess = async (work: Work, engine: string, url?: string): Promise<Process> => {
  const folder = mkdtempSync(join(tmpdir(), 'curfew-bench-'))
  const port = await freePort()
  writeFileSync(join(folder, 'curfew.yaml'), configuration(work, port, engine))
  writeFileSync(join(folder, 'policies.yaml'), POLICIES)
  const child = spawn(process.execPath, [BUNDLE, 'run', '-c', join(folder, 'curfew.yaml')], {
    env: {
      ...process.env,
      AWS_ACCESS_KEY_ID: 'bench',
      AWS_SECRET_ACCESS_KEY: 'bench',
      AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${work.ports[0]}`,
      ...(url === undefined ? {} : { CURFEW_DATABASE_URL: url }),
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const closed = once(child, 'close')
  await until('a process is ready', async () => {
    if (child.exitCode !== null) throw new Error(`curfew run ended with ${child.exitCode}`)
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined)
    return answer?.ok === true ? true : undefined
  })
  const status = (await (await fetch(`http://127.0.0.1:${port}/status`)).json()) as { engine?: { replica?: string } }
  return {
    child,
    pid: child.pid ?? 0,
    name: status.engine?.replica ?? '',
    async stop() {
      child.kill('SIGCONT')
      child.kill('SIGTERM')
      await closed
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export const startOnFiles = (work: Work): Promise<Process> => startProcess(work, '')

const LEASE = '6s'
const ENGINE = `engine: { kind: postgres, url: { env: CURFEW_DATABASE_URL }, lease: ${LEASE}, tls: off }\n`

/** A PostgreSQL server of its own, with the tables of this build. */
export const startDatabase = async (): Promise<Cluster> => {
  const cluster = await startCluster({ shared_preload_libraries: 'pg_stat_statements' })
  await cluster.sql('create extension pg_stat_statements')
  const owner = new pg.Client({ connectionString: cluster.url() })
  await owner.connect()
  await migrate(owner, DAEMON_ROLE)
  await owner.end()
  await cluster.sql(`create role curfew login in role ${DAEMON_ROLE}`)
  return cluster
}

export const startReplica = (work: Work, cluster: Cluster): Promise<Process> =>
  startProcess(work, ENGINE, cluster.url('postgres', 'curfew'))

interface UnitRow {
  readonly key: string
  readonly holder: string
  readonly granted_ms: number
}

/** Who was granted each unit, and when, by the clock of this machine. */
export const unitsIn = (cluster: Cluster) =>
  cluster.sql<UnitRow & Record<string, unknown>>(
    'select key, holder, extract(epoch from granted_at)::float8 * 1000 as granted_ms from curfew.unit where holder is not null',
  )

/** Waits until the replicas share all units evenly, and have for a time. Resolves to when they began to. */
export const shared = async (
  work: Work,
  cluster: Cluster,
  replicas: readonly Process[],
  steadyMs: number,
): Promise<number> => {
  const least = Math.floor(work.ports.length / replicas.length)
  let since = 0
  return until('the replicas share the units', async () => {
    const units = await unitsIn(cluster)
    const shares = replicas.map(({ name }) => units.filter(({ holder }) => holder === name).length)
    const isEven =
      shares.every((share) => share >= least) && shares.reduce((sum, share) => sum + share, 0) === work.ports.length
    if (!isEven) since = 0
    else if (since === 0) since = performance.now()
    return isEven && performance.now() - since > steadyMs ? since : undefined
  })
}
