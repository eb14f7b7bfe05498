import { afterAll, beforeAll, expect, it } from 'vitest'
import { openDatabase } from '../adapters/postgres/database.ts'
import { type Cluster, startCluster } from '../engine/cluster.ts'
import { expectFailed, expectWarned, someone, startSetUp } from './doctor-set-ups.ts'
import { curfewYaml } from './office.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster.stop())

const ENGINE = 'engine: { kind: postgres, url: { env: CURFEW_DATABASE_URL }, tls: off }\n'

const startShared = async () => {
  const setUp = await startSetUp({ config: curfewYaml(ENGINE) })
  setUp.office.world.connect(someone())
  return {
    doctor: (url: string | undefined, ...args: readonly string[]) =>
      setUp.doctor({ CURFEW_DATABASE_URL: url }, ...args),
    [Symbol.asyncDispose]: () => setUp[Symbol.asyncDispose](),
  }
}

it('finds a database that a replica may join, and changes nothing there', async () => {
  await using database = await openDatabase(cluster, 'sound')
  await using at = await startShared()
  const { code, stdout } = await at.doctor(database.url, '--output', 'json')
  expect(code).toBe(0)
  const { checks } = JSON.parse(stdout) as { checks: ReadonlyArray<{ check: string; state: string; found: string }> }
  const foundBy = (name: string) => checks.filter(({ check }) => check === name).map(({ found }) => found)
  expect(foundBy('engine')).toEqual([
    expect.stringMatching(
      /^PostgreSQL \d+[^ ]* .*at 127\.0\.0\.1:\d+\/sound \(without TLS\): a replica may join as "replica", which may add to the trail and not change it; 0 units so far$/,
    ),
  ])
  expect(foundBy('audit')).toEqual(['the trail is in the database'])
  expect(foundBy('state')).toEqual(['the state is in the database'])
  const left = await database.owner.query('select from curfew.unit union all select from curfew.generation')
  expect(left.rowCount).toBe(0)
})

it('finds a database that no replica may join, and says what to do', async () => {
  await using at = await startShared()
  await cluster.sql('create database empty')
  const empty = await at.doctor(cluster.url('empty'))
  expectFailed(empty, 'engine', 'the database has no schema of Curfew')
  expect(empty.stdout.replaceAll(/\s+/g, ' ')).toContain('To do: run "curfew engine migrate" as its owner')
  const away = await at.doctor('postgres://replica:secret-word@127.0.0.1:9/away')
  expectFailed(away, 'engine', 'the database 127.0.0.1:9/away')
  expect(away.stdout).not.toContain('secret-word')
  expect(away.stdout.replaceAll(/\s+/g, ' ')).toContain('a PostgreSQL server that this machine reaches')
  const nobody = await at.doctor(cluster.url('empty').replace(/\/\/\w+/, '//nobody'))
  expectFailed(nobody, 'engine', 'role "nobody" does not exist')
  expect(nobody.stdout.replaceAll(/\s+/g, ' ')).toMatch(
    /lets Curfew sign in.* To do: create the role as docs\/replicas.md says/,
  )
  expectFailed(await at.doctor(undefined), 'secrets', 'engine.url: the environment variable CURFEW_DATABASE_URL')
})

it('warns of a role that may change the trail', async () => {
  await using database = await openDatabase(cluster, 'owned')
  await using at = await startShared()
  expectWarned(await at.doctor(cluster.url(database.name)), 'engine', 'the role "owner" may change the trail')
})
