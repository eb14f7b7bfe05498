import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { freePort } from '../free-port.ts'
import { asServer, type Cluster } from './cluster.ts'

const run = promisify(execFile)

/** A standby of the server, beside its data. The server commits nothing from now on that the standby does not have. */
export const startStandby = async (primary: Cluster) => {
  const data = join(primary.folder, 'standby')
  const port = await freePort()
  const source = ['-d', `host=127.0.0.1 port=${primary.port} user=owner application_name=standby`]
  await run(...asServer('pg_basebackup', ['-D', data, ...source, '-R', '-X', 'stream', '-c', 'fast']))
  const listen = ['-h', '127.0.0.1', '-p', String(port), '-k', primary.folder]
  const settings = ['-c', 'max_connections=200', '-c', 'track_commit_timestamp=on', '-c', 'synchronous_standby_names=']
  const server = spawn(...asServer('postgres', ['-D', data, ...listen, ...settings]), { stdio: 'ignore' })

  const isSynchronous = async () => {
    const rows = await primary.sql<{ sync_state: string }>('select sync_state from pg_stat_replication')
    return rows.some(({ sync_state }) => sync_state === 'sync')
  }
  await primary.sql("alter system set synchronous_standby_names = 'standby'")
  await primary.sql('select pg_reload_conf()')
  while (!(await isSynchronous())) {
    if (server.exitCode !== null) throw new Error(`the standby ended with ${server.exitCode}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }

  return {
    port,
    /** Resolves once it accepts writes. */
    async promote(): Promise<void> {
      const client = new pg.Client({ connectionString: `postgres://owner@127.0.0.1:${port}/postgres` })
      await client.connect()
      await client.query('select pg_promote(true)')
      await client.end()
    },
    async [Symbol.asyncDispose](): Promise<void> {
      const ended = server.exitCode === null ? once(server, 'exit') : undefined
      await run(...asServer('pg_ctl', ['-D', data, 'stop', '-m', 'immediate'])).catch(() => {})
      await ended
    },
  }
}
