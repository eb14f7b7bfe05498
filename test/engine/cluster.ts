import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { freePort } from '../free-port.ts'

const run = promisify(execFile)

/** Debian keeps the programs of each version in a folder of its own. */
const BIN = ['/usr/lib/postgresql', '/usr/local']
  .flatMap((root) => (existsSync(root) ? readdirSync(root).map((version) => join(root, version, 'bin')) : []))
  .find((folder) => existsSync(join(folder, 'initdb')))

const RUNUSER = '/usr/sbin/runuser'
const SETPRIV = '/usr/bin/setpriv'

/** PostgreSQL refuses to run as root: the account that Debian's package makes runs it instead. */
export const asServer = (program: string, args: readonly string[]): [string, string[]] => {
  if (BIN === undefined) throw new Error('PostgreSQL is missing: install the package postgresql')
  const path = join(BIN, program)
  return process.getuid?.() === 0 ? [RUNUSER, ['-u', 'postgres', '--', path, ...args]] : [path, [...args]]
}

/**
 * The server itself, which ends with the process that starts it: a run of the tests that is killed leaves no server behind.
 * It becomes what setpriv was, so that its process id is that of the child.
 */
export const serverItself = (args: readonly string[]): [string, string[]] => {
  const [path, given] = asServer('postgres', args)
  const user = path === RUNUSER ? ['--reuid=postgres', '--regid=postgres', '--clear-groups'] : []
  return [SETPRIV, ['--pdeathsig=QUIT', ...user, '--', ...(path === RUNUSER ? given.slice(3) : [path, ...given])]]
}

/** How a server has ended; undefined while it runs. */
export const endOf = ({ exitCode, signalCode }: ChildProcess) => exitCode ?? signalCode ?? undefined

/** A folder that PostgreSQL may write. */
const makeFolder = async (path: string): Promise<void> => {
  mkdirSync(path, { recursive: true })
  if (process.getuid?.() !== 0) return
  await run('/bin/chown', ['postgres', path])
  chmodSync(path, 0o755)
}

const initialise = (data: string) =>
  run(...asServer('initdb', ['-D', data, '-U', 'owner', '-A', 'trust', '-E', 'UTF8', '--locale=C', '-N']))

let template: Promise<string> | undefined

/** Makes the data folder that the clusters of this process are copies of: initdb costs three times as much as a copy. */
const makeTemplate = async (runFolder: string): Promise<string> => {
  const folder = join(runFolder, `postgres-${process.pid}`)
  const data = join(folder, 'data')
  if (existsSync(data)) return data
  await makeFolder(folder)
  await initialise(data)
  return data
}

/** Makes an empty data folder. Those of the same process have the same system identifier. */
const makeData = async (data: string): Promise<void> => {
  const runFolder = process.env.CURFEW_TEST_FOLDER
  if (runFolder === undefined) {
    await initialise(data)
    return
  }
  template ??= makeTemplate(runFolder)
  await run('/bin/cp', ['-a', '--reflink=auto', await template, data])
}

/**
 * A PostgreSQL server of its own on loopback, with an empty data folder. `url()` is that of its superuser `owner`, which
 * signs in without a password.
 */
export const startCluster = async (settings: Readonly<Record<string, string>> = {}) => {
  const folder = mkdtempSync(join(tmpdir(), 'curfew-pg-'))
  const data = join(folder, 'data')
  const port = await freePort()
  await makeFolder(folder)
  await makeData(data)
  let server: ChildProcess | undefined
  const url = (database = 'postgres', user = 'owner') => `postgres://${user}@127.0.0.1:${port}/${database}`

  /** Runs statements as the superuser. */
  const sql = async <Row extends pg.QueryResultRow = pg.QueryResultRow>(
    text: string,
    values: readonly unknown[] = [],
    database = 'postgres',
  ): Promise<readonly Row[]> => {
    const client = new pg.Client({ connectionString: url(database) })
    await client.connect()
    try {
      const { rows } = await client.query<Row>(text, [...values])
      return rows
    } finally {
      await client.end()
    }
  }

  const isReady = async (): Promise<boolean> => {
    try {
      await sql('select 1')
      return true
    } catch {
      return false
    }
  }

  const flags = Object.entries({ max_connections: '200', ...settings }).flatMap(([key, value]) => [
    '-c',
    `${key}=${value}`,
  ])

  const start = async () => {
    const listen = ['-h', '127.0.0.1', '-p', String(port), '-k', folder]
    server = spawn(...serverItself(['-D', data, ...listen, ...flags]), { stdio: 'ignore' })
    while (!(await isReady())) {
      const end = endOf(server)
      if (end !== undefined) throw new Error(`postgres ended with ${end}`)
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  }

  /** The ids of the postmaster and of all its processes. */
  const pids = async (): Promise<readonly number[]> => {
    const main = Number((await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n')[0])
    const { stdout } = await run('ps', ['-o', 'pid=', '--ppid', String(main)]).catch(() => ({ stdout: '' }))
    return [main, ...stdout.trim().split(/\s+/).filter(Boolean).map(Number)]
  }

  /** Sends a signal to every process of the server: SIGKILL is a crash, SIGSTOP and SIGCONT are a pause. */
  const signal = async (name: NodeJS.Signals) => {
    for (const pid of await pids()) {
      try {
        process.kill(pid, name)
      } catch {
        // It has ended meanwhile.
      }
    }
    if (name === 'SIGKILL' && server !== undefined && endOf(server) === undefined) await once(server, 'exit')
  }

  await start()
  return {
    folder,
    data,
    port,
    flags,
    url,
    sql,
    signal,
    pids,
    start,
    async stop() {
      await signal('SIGCONT').catch(() => {})
      const ended = server !== undefined && endOf(server) === undefined ? once(server, 'exit') : undefined
      await run(...asServer('pg_ctl', ['-D', data, 'stop', '-m', 'immediate'])).catch(() => {})
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export type Cluster = Awaited<ReturnType<typeof startCluster>>
