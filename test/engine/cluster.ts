import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
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

/** PostgreSQL refuses to run as root: the account that Debian's package makes runs it instead. */
export const asServer = (program: string, args: readonly string[]): [string, string[]] => {
  if (BIN === undefined) throw new Error('PostgreSQL is missing: install the package postgresql')
  const path = join(BIN, program)
  return process.getuid?.() === 0 ? ['/usr/sbin/runuser', ['-u', 'postgres', '--', path, ...args]] : [path, [...args]]
}

/**
 * A PostgreSQL server of its own on loopback, with an empty data folder. `url()` is that of its superuser `owner`, which
 * signs in without a password.
 */
export const startCluster = async (settings: Readonly<Record<string, string>> = {}) => {
  const folder = mkdtempSync(join(tmpdir(), 'curfew-pg-'))
  const data = join(folder, 'data')
  const port = await freePort()
  if (process.getuid?.() === 0) {
    await run('/bin/chown', ['postgres', folder])
    chmodSync(folder, 0o755)
  }
  await run(...asServer('initdb', ['-D', data, '-U', 'owner', '-A', 'trust', '-E', 'UTF8', '--locale=C', '-N']))
  let server: ReturnType<typeof spawn> | undefined
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
    // runuser starts the server and waits for it. The server's own id is in the first line of postmaster.pid.
    server = spawn(...asServer('postgres', ['-D', data, ...listen, ...flags]), { stdio: 'ignore' })
    while (!(await isReady())) {
      if (server.exitCode !== null) throw new Error(`postgres ended with ${server.exitCode}`)
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
    // runuser stops itself when the server is stopped, and then waits for ever.
    const runner = name === 'SIGCONT' && server?.pid !== undefined ? [server.pid] : []
    for (const pid of [...(await pids()), ...runner]) {
      try {
        process.kill(pid, name)
      } catch {
        // It has ended meanwhile.
      }
    }
    if (name === 'SIGKILL' && server !== undefined && server.exitCode === null) await once(server, 'exit')
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
      const ended = server !== undefined && server.exitCode === null ? once(server, 'exit') : undefined
      await run(...asServer('pg_ctl', ['-D', data, 'stop', '-m', 'immediate'])).catch(() => {})
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export type Cluster = Awaited<ReturnType<typeof startCluster>>
