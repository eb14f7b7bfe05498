import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll } from 'vitest'
import { openFileTenure } from '../../src/adapters/files/file-tenure.ts'
import { hostClock } from '../../src/adapters/host/clock.ts'
import { createUnitAsks } from '../../src/adapters/postgres/unit-asks.ts'
import { keepUnit } from '../../src/adapters/postgres/unit-keeping.ts'
import { AuditError } from '../../src/app/audit.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { createCurfewDatabase } from './curfew-database.ts'
import { aborted, joinReplica, type Replica } from './joined-replica.ts'
import { type Place, type Taken, tenureContract } from './tenure-contract.ts'

const UNIT = 'eu-central-1 own'

/** Processes with the same files. They have one lock, and another process takes it by replacing its file. */
const openFiles = async (): Promise<Place> => {
  const folder = mkdtempSync(join(tmpdir(), 'curfew-tenure-'))
  const file = join(folder, 'audit.jsonl')
  return {
    async tryTake(): Promise<Taken | undefined> {
      try {
        const tenure = await openFileTenure({ file, stateFile: join(folder, 'state.json'), clock: hostClock })
        return {
          tenure,
          giveBack: () => tenure.trail.close(),
          async lose() {
            writeFileSync(`${file}.other`, 'another holder')
            renameSync(`${file}.other`, `${file}.lock`)
            await tenure.trail.held()
          },
        }
      } catch (error) {
        if (error instanceof AuditError && error.code === 'locked') return undefined
        throw error
      }
    },
    lines: async () => readFileSync(file, 'utf8').split('\n').filter(Boolean),
    async [Symbol.asyncDispose]() {
      rmSync(folder, { recursive: true })
    },
  }
}

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster.stop())

/** A replica that waits this many beats for a unit that another one holds does not get it. */
const BEATS = 8

/** Replicas with the same database. The unit goes to another one when the server ends the session. */
const openPostgres = async (): Promise<Place> => {
  const database = await createCurfewDatabase(cluster)
  const replicas: Replica[] = []
  const pools: pg.Pool[] = []
  return {
    async tryTake() {
      const pool = new pg.Pool({ connectionString: database.url, max: 2 })
      pool.on('error', () => {})
      pools.push(pool)
      const done = new AbortController()
      const replica = joinReplica({
        url: database.url,
        units: [UNIT],
        keep: keepUnit(createUnitAsks(pool), () => Date.now()),
        async work({ trail, lost, asked }) {
          await Promise.race([aborted(asked), aborted(done.signal)])
          await trail.close()
          return lost.aborted ? 'lost' : 'returned'
        },
      })
      replicas.push(replica)
      await replica.until(() => replica.served.length > 0 || replica.told('engine-beat').length > BEATS)
      const tenure = replica.served[0]?.tenure
      if (tenure === undefined) {
        await replica.leave()
        return undefined
      }
      return {
        tenure,
        async giveBack() {
          done.abort()
          await replica.leave()
        },
        async lose() {
          await cluster.sql(
            `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objsubid = 2
             and database = (select oid from pg_database where datname = $1)`,
            [database.name],
          )
          await aborted(tenure.lost)
          // Another replica is granted the unit.
          await database.sql('update curfew.unit set epoch = epoch + 1')
        },
      }
    },
    async lines() {
      const rows = await database.sql<{ line: string }>('select line from curfew.record order by seq')
      return rows.map(({ line }) => line)
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(replicas.map((replica) => replica.leave()))
      await Promise.all(pools.map((pool) => pool.end()))
    },
  }
}

tenureContract('files', openFiles)
tenureContract('PostgreSQL', openPostgres)
