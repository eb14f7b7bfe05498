import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrationScript } from '../../src/adapters/postgres/migration-script.ts'
import { MIGRATIONS } from '../../src/adapters/postgres/migrations/migrations.ts'
import { addUnit, connectAs, openDatabase } from '../adapters/postgres/database.ts'
import { type Cluster, startCluster } from '../engine/cluster.ts'
import { workspace } from './curfew.ts'
import { AGE_POLICY, curfewYaml } from './office.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster.stop())

const ENGINE = 'engine: { kind: postgres, url: { env: CURFEW_DATABASE_URL }, tls: off }\n'

const folder = async (engine = ENGINE) => {
  const here = await workspace({ 'curfew.yaml': curfewYaml(engine), 'policies.yaml': AGE_POLICY })
  const run = (url: string, action: string, ...args: readonly string[]) =>
    here.run(['engine', action, '-c', 'curfew.yaml', ...args], {
      CURFEW_DATABASE_URL: url,
      OWNER_URL: cluster.url('owned'),
    })
  return { run, [Symbol.asyncDispose]: () => here[Symbol.asyncDispose]() }
}

describe('curfew engine migrate', () => {
  it('makes the schema, says what it did, and does nothing the second time', async () => {
    await cluster.sql('create database fresh')
    await using here = await folder()
    const place = `127.0.0.1:${cluster.port}/fresh`
    const first = await here.run(cluster.url('fresh'), 'migrate')
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(first.stdout).toContain(`${place}: made the schema curfew, of version ${MIGRATIONS.length}`)
    expect(first.stdout).toContain('made the role curfew_daemon, without a login')
    const again = await here.run(cluster.url('fresh'), 'migrate')
    expect(again.stdout).toBe(
      `${place}: the schema is of version ${MIGRATIONS.length} already; the rights of curfew_daemon were granted again\n`,
    )
  })

  it('prints the SQL that it would run, and needs neither a database nor a configuration', async () => {
    await using here = await workspace({})
    const printed = await here.run(['engine', 'migrate', '--print', '--daemon-role', 'vpn daemon'])
    expect(printed).toMatchObject({ code: 0, stderr: '' })
    expect(printed.stdout).toBe(migrationScript('vpn daemon'))
    expect(printed.stdout).toContain('to "vpn daemon"')
  })

  it('signs in as the owner with a URL of its own', async () => {
    await cluster.sql('create database owned')
    await cluster.sql('create role reader login')
    await using here = await folder()
    const url = cluster.url('owned', 'reader')
    const refused = await here.run(url, 'migrate')
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('permission denied for database owned')
    const done = await here.run(url, 'migrate', '--owner-url', 'OWNER_URL', '--daemon-role', 'reader')
    expect(done).toMatchObject({ code: 0, stderr: '' })
    expect(done.stdout).not.toContain('made the role')
  })

  it('tells the owner of a role that it may not make, and whose the tables of the printed SQL are', async () => {
    await cluster.sql(`do $$ begin
      if exists (select from pg_roles where rolname = 'curfew_reader') then
        alter role curfew_reader rename to earlier_reader;
      end if;
    end $$`)
    await cluster.sql('create role plain_owner login')
    await cluster.sql('create database plain owner plain_owner')
    await cluster.sql('grant execute on function pg_control_system() to plain_owner', [], 'plain')
    await using here = await folder()
    const done = await here.run(cluster.url('plain', 'plain_owner'), 'migrate', '--daemon-role', 'plain_owner')
    expect(done.code).toBe(0)
    expect(done.stderr).toContain('this role may not create the role curfew_reader, which is for dashboards')
    expect(migrationScript('any')).toContain('belongs to the role that runs it')
  })

  it('says why a database is refused', async () => {
    await using database = await openDatabase(cluster, 'of_the_future')
    await database.owner.query('insert into curfew.migration (version) values (99)')
    await using here = await folder()
    const { code, stderr } = await here.run(cluster.url('of_the_future'), 'migrate')
    expect(code).toBe(1)
    expect(stderr).toContain(
      `the schema is of version 99, and this program knows up to version ${MIGRATIONS.length}: use a newer program`,
    )
  })

  it.each([
    ['a URL that is no URL', 'postgres//hush', 'engine.url: this is not the URL of a database'],
    ['a parameter', 'postgres://u:hush@h/d?sslmode=require', 'the parameter sslmode: remove it'],
    ['no server', 'postgres://u:hush@127.0.0.1:1/d', 'the database 127.0.0.1:1/d: nothing listens at its address'],
    ['no URL', '', 'engine.url: the environment variable CURFEW_DATABASE_URL: not set or empty'],
  ])('with %s says so, without the secret', async (_what, url, part) => {
    await using here = await folder()
    const { code, stdout, stderr } = await here.run(url, 'migrate')
    expect(code).toBe(1)
    expect(stderr).toContain(part)
    expect(stdout + stderr).not.toContain('hush')
  })

  it('is of no use for files', async () => {
    await using here = await folder('')
    const { code, stderr } = await here.run('', 'migrate')
    expect(code).toBe(1)
    expect(stderr).toContain('curfew.yaml has no database')
  })
})

describe('curfew engine accept', () => {
  it('shows the database first, and accepts it with --yes: a new incarnation, and epochs far beyond the earlier ones', async () => {
    await using database = await openDatabase(cluster, 'restored')
    await addUnit(database.daemon)
    await database.owner.query('update curfew.origin set system_identifier = 1')
    const origin = async () => (await database.owner.query('select * from curfew.origin')).rows[0] as object
    const before = await origin()
    await using here = await folder()
    const shown = await here.run(cluster.url('restored'), 'accept')
    expect(shown.code).toBe(1)
    expect(shown.stdout).toContain('eu-central-1 own: line 0')
    expect(shown.stderr).toContain('nothing was changed: to accept this database, repeat the command with --yes')
    expect(await origin()).toEqual(before)

    const accepted = await here.run(cluster.url('restored'), 'accept', '--yes')
    expect(accepted).toMatchObject({ code: 0, stderr: '' })
    expect(accepted.stdout).toContain('accepted, with 1 unit')
    const after = (await origin()) as { incarnation: string; system_identifier: string }
    expect(after.incarnation).not.toBe((before as typeof after).incarnation)
    expect(after.system_identifier).not.toBe('1')
    expect((await database.owner.query('select epoch from curfew.unit')).rows).toEqual([{ epoch: '1000001' }])
  })

  it('refuses while a replica has joined the database', async () => {
    await using database = await openDatabase(cluster, 'in_use')
    const incarnation = async () => (await database.owner.query('select incarnation from curfew.origin')).rows
    const before = await incarnation()
    await database.daemon.query('select pg_advisory_lock_shared($1, 1)', [0x43_46_57_02])
    await using here = await folder()
    const refused = await here.run(cluster.url('in_use'), 'accept', '--yes')
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toContain('nothing was changed: found 1 replica joined, expected none')
    expect(await incarnation()).toEqual(before)
    await database.daemon.query('select pg_advisory_unlock_all()')
    expect(await here.run(cluster.url('in_use'), 'accept', '--yes')).toMatchObject({ code: 0 })
  })

  it('is not for the role of the daemon', async () => {
    await using database = await openDatabase(cluster, 'not_mine')
    await using here = await folder()
    const { code, stderr } = await here.run(database.url, 'accept', '--yes')
    expect(code).toBe(1)
    expect(stderr).toContain('permission denied for table origin')
    expect(stderr).toContain('as their owner: --owner-url')
    expect((await here.run(database.url, 'accept', '--yes', '--owner-url', 'NOPE')).stderr).toContain(
      '--owner-url: the environment variable NOPE: not set or empty',
    )
  })
})

describe('commands that read', () => {
  it.each(['engine status', 'audit verify', 'audit export trail'])('say so of a newer schema: %s', async (command) => {
    const name = command.replaceAll(' ', '_')
    await using database = await openDatabase(cluster, `newer_${name}`)
    await database.owner.query('insert into curfew.migration (version) values (99)')
    await using here = await workspace({ 'curfew.yaml': curfewYaml(ENGINE), 'policies.yaml': AGE_POLICY })
    const { code, stderr } = await here.run([...command.split(' '), '-c', 'curfew.yaml'], {
      CURFEW_DATABASE_URL: database.url,
    })
    expect(code).toBe(1)
    expect(stderr).toContain('the schema of Curfew is of version 99')
  })
})

describe('curfew engine status', () => {
  it('shows who holds what, and fails where a unit has nobody', async () => {
    await using database = await openDatabase(cluster, 'status')
    await using here = await folder()
    const free = await addUnit(database.daemon, 'eu-central-1 own')
    const held = await addUnit(database.daemon, 'us-east-1 111122223333')
    await database.daemon.query(
      `update curfew.unit set holder = 'replica-1', granted_at = '2026-12-01T09:00Z' where id = $1`,
      [held],
    )
    await database.daemon.query(
      `insert into curfew.generation (configuration_hash, declared_by) values ('abcdef0123456789', 'replica-1')`,
    )
    const replica = await connectAs(cluster, 'replica', 'status')
    const { UNIT_LOCK, MEMBER_LOCK } = await import('../../src/adapters/postgres/beat.ts')
    await replica.query('select pg_advisory_lock($1, $2), pg_advisory_lock_shared($3, 1)', [
      UNIT_LOCK,
      held,
      MEMBER_LOCK,
    ])
    const text = await here.run(database.url, 'status')
    expect(text.code).toBe(1)
    expect(text.stdout).toMatch(/eu-central-1 own +nobody +1 +never +0/)
    expect(text.stdout).toMatch(/us-east-1 111122223333 +replica-1 +1 +2026-12-01T09:00:00.000Z +0/)
    expect(text.stdout).toContain('1 replica, 2 units, 1 of them held by nobody')
    expect(text.stdout).toContain('generation 1: abcdef012345, by replica-1 at ')

    await replica.query('select pg_advisory_lock($1, $2)', [UNIT_LOCK, free])
    const json = await here.run(database.url, 'status', '--output', 'json')
    expect(json.code).toBe(0)
    expect(JSON.parse(json.stdout)).toMatchObject({
      units: [
        { unit: 'eu-central-1 own', held: true, holder: null, epoch: 1, grantedAt: null, savedAt: null },
        {
          unit: 'us-east-1 111122223333',
          held: true,
          holder: 'replica-1',
          grantedAt: '2026-12-01T09:00:00.000Z',
          head: { seq: 0, hash: '0'.repeat(64) },
        },
      ],
      generations: [{ generation: 1, configurationHash: 'abcdef0123456789', declaredBy: 'replica-1', members: 1 }],
    })
    await replica.end()
  })
})
