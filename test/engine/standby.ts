import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { freePort } from '../free-port.ts'
import { asServer, type Cluster, endOf, serverItself } from './cluster.ts'

const run = promisify(execFile)

/** Another server beside its primary that follows it. Nothing can be written there until it is promoted. */
export const startStandby = async (primary: Cluster) => {
  const data = join(primary.folder, 'standby')
  const port = await freePort()
  const source = ['-d', `host=127.0.0.1 port=${primary.port} user=owner application_name=standby`]
  await run(...asServer('pg_basebackup', ['-D', data, ...source, '-R', '-X', 'stream', '-c', 'fast']))
  const listen = ['-h', '127.0.0.1', '-p', String(port), '-k', primary.folder]
  // A standby must allow as many connections as its primary.
  const flags = [...primary.flags, '-c', 'synchronous_standby_names=']
  const server = spawn(...serverItself(['-D', data, ...listen, ...flags]), { stdio: 'ignore' })
  const url = (database = 'postgres', user = 'owner') => `postgres://${user}@127.0.0.1:${port}/${database}`

  const follows = async (state?: string) => {
    const rows = await primary.sql<{ sync_state: string }>(
      "select sync_state from pg_stat_replication where state = 'streaming'",
    )
    return rows.some(({ sync_state }) => state === undefined || sync_state === state)
  }
  const untilItFollows = async (state?: string) => {
    while (!(await follows(state))) {
      const end = endOf(server)
      if (end !== undefined) throw new Error(`the standby ended with ${end}`)
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  }
  await untilItFollows()

  return {
    port,
    url,
    /** From now on the primary commits nothing that the standby does not have. */
    async makeSynchronous(): Promise<void> {
      await primary.sql("alter system set synchronous_standby_names = 'standby'")
      await primary.sql('select pg_reload_conf()')
      await untilItFollows('sync')
    },
    /** Resolves once it accepts writes. */
    async promote(): Promise<void> {
      const client = new pg.Client({ connectionString: url() })
      await client.connect()
      await client.query('select pg_promote(true)')
      await client.end()
    },
    async [Symbol.asyncDispose](): Promise<void> {
      const ended = endOf(server) === undefined ? once(server, 'exit') : undefined
      await run(...asServer('pg_ctl', ['-D', data, 'stop', '-m', 'immediate'])).catch(() => {})
      await ended
    },
  }
}
