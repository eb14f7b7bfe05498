import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { HOUR } from '../../src/domain/time/instant.ts'
import { type Running, workspace } from '../cli/curfew.ts'
import { AGE_POLICY, curfewYaml, OFFICE, startOffice, terminatedIds } from '../cli/office.ts'
import { blocks } from '../docs/pages.ts'
import { type Cluster, startCluster } from '../engine/cluster.ts'
import { render } from './helm.ts'
import type { Container, Deployment, Job, Manifest } from './kubernetes-objects.ts'
import { mountConfigMaps } from './mounted.ts'

const PAGE = 'docs/replicas.md'
const COMPOSE = 'deploy/compose/replicas'

/** An administrator as RDS and Aurora have it: no superuser. */
const ADMINISTRATOR = 'administrator'

const POLICY = 'version: 1\npolicies: [{ name: daily, kind: max-session-age, maxAge: 8h }]\n'

const ofPage = (language: string) =>
  blocks.filter((block) => block.page === PAGE && block.language === language).map(({ text }) => text)

/** The commands of the page that begin so, without the URL in front. */
const commandsOfPage = (start: string) =>
  ofPage('sh')
    .flatMap((text) => [...text.matchAll(/^(?:\w+="[^"]*" )?curfew (.*)$/gm)].map(([, command = '']) => command))
    .filter((command) => command.startsWith(start))
    .map((command) => command.split(' '))

const statementsOf = (sql: string) =>
  sql
    .replaceAll(/^--.*$/gm, '')
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')

/** The configuration of the page or of compose, for a server without TLS and a port of its own. */
const onThisMachine = (yaml: string) =>
  yaml
    .replace(/^ {2}tls: .*$/m, '  tls: off')
    .replace(/^server: .*$/m, 'server: { port: 0 }')
    .replace(/^engine:$/m, 'engine:\n  lease: 2s')

/** The code of the error of the database. */
const refusalOf = async (url: string, statement: string): Promise<string | undefined> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
    return undefined
  } catch (error) {
    return (error as pg.DatabaseError).code
  } finally {
    await client.end()
  }
}

const NOT_PERMITTED = '42501'

const engineUnits = (stdout: string) =>
  (JSON.parse(stdout) as { units: ReadonlyArray<{ unit: string; holder: string | null }> }).units

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(async () => {
  await cluster?.stop()
})

describe(`the steps of ${PAGE}, on a real server`, () => {
  it('make roles, tables and two replicas that share the units', async () => {
    const [setUp = '', byIam = ''] = ofPage('sql')
    await cluster.sql(`create role ${ADMINISTRATOR} login createrole createdb`)
    const administrator = new pg.Client({ connectionString: cluster.url('postgres', ADMINISTRATOR) })
    await administrator.connect()
    for (const statement of statementsOf(setUp)) await administrator.query(statement)
    // RDS and Aurora have this role.
    await administrator.query('create role rds_iam')
    for (const statement of statementsOf(byIam)) await administrator.query(statement)
    await administrator.end()

    const configuration = onThisMachine(ofPage('yaml')[0] ?? '')
    await using here = await workspace({ 'curfew.yaml': configuration, 'policies/daily.yaml': POLICY })
    const [owner, daemon] = ['curfew_owner', 'curfew'].map((user) => ({
      CURFEW_DATABASE_URL: cluster.url('curfew', user),
    }))
    const [migrate = [], print = []] = commandsOfPage('engine migrate')
    for (let time = 0; time < 2; time++) {
      const migrated = await here.run([...migrate, '-c', 'curfew.yaml'], owner)
      expect([migrated.stderr, migrated.code]).toEqual(['', 0])
    }
    const printed = await here.run(print, {})
    expect(printed.code).toBe(0)
    expect(printed.stdout).toContain('create schema curfew')

    const daemonUrl = daemon?.CURFEW_DATABASE_URL ?? ''
    for (const statement of [
      "update curfew.record set line = ''",
      'delete from curfew.record',
      'truncate curfew.record',
    ])
      expect(await refusalOf(daemonUrl, statement)).toBe(NOT_PERMITTED)

    await using office = await startOffice()
    const [run = []] = commandsOfPage('run')
    const start = () => here.start([...run, '-c', 'curfew.yaml'], { ...office.env, ...daemon })
    const replicas: Running[] = [start(), start()]
    for (const replica of replicas) await replica.untilLogged('tenure-began')

    const [status = []] = commandsOfPage('engine status')
    const { code, stdout, stderr } = await here.run([...status, '--output', 'json', '-c', 'curfew.yaml'], daemon)
    expect([stderr, code]).toEqual(['', 0])
    const { watch } = parse(configuration) as { watch: readonly unknown[] }
    expect(engineUnits(stdout)).toHaveLength(watch.length)
    expect(new Set(engineUnits(stdout).map(({ holder }) => holder)).size).toBe(2)

    for (const replica of replicas) {
      replica.child.kill('SIGTERM')
      expect(await replica.exited).toBe(0)
    }
    const [accept = []] = commandsOfPage('engine accept')
    expect((await here.run([...accept, '-c', 'curfew.yaml'], owner)).code).toBe(0)
    const [verify = []] = commandsOfPage('audit verify')
    expect((await here.run([...verify, '-c', 'curfew.yaml'], daemon)).code).toBe(0)
  })
})

/** The database of compose, without tables. */
const emptyDatabase = async () => {
  // The roles belong to the whole server: those of the page are gone.
  await cluster.sql('drop database if exists curfew')
  for (const role of ['curfew_by_iam', 'curfew', 'curfew_daemon', 'curfew_reader', 'curfew_owner'])
    await cluster.sql(`drop role if exists ${role}`)
  await cluster.sql('create role curfew_owner superuser login')
  await cluster.sql('create database curfew owner curfew_owner')
  for (const statement of statementsOf(readFileSync(`${COMPOSE}/roles.sql`, 'utf8')))
    await cluster.sql(statement, [], 'curfew')
}

describe('deploy/compose.replicas.yaml, on a real server', () => {
  it('has a login of the daemon that a replica joins with', async () => {
    await emptyDatabase()
    const configuration = onThisMachine(readFileSync(`${COMPOSE}/curfew.yaml`, 'utf8'))
    await using here = await workspace({ 'curfew.yaml': configuration, 'policies/daily.yaml': POLICY })
    const owner = { CURFEW_DATABASE_URL: cluster.url('curfew', 'curfew_owner') }
    const migrated = await here.run(['engine', 'migrate', '-c', 'curfew.yaml'], owner)
    expect([migrated.stderr, migrated.code]).toEqual(['', 0])
    await using office = await startOffice()
    await using replica = here.start(['run', '-c', 'curfew.yaml'], {
      ...office.env,
      CURFEW_DATABASE_URL: cluster.url('curfew', 'curfew'),
    })
    await replica.untilLogged('tenure-began')
    replica.child.kill('SIGTERM')
    expect(await replica.exited).toBe(0)
  })
})

describe('the Helm chart with replicas, on a real server', () => {
  it('has a Job that makes the tables, and a pod that ends a session', async () => {
    await emptyDatabase()
    await using here = await workspace({})
    const objects = await render([
      'audit',
      'replicas',
      {
        config: {
          mode: 'enforce',
          engine: { tls: 'off', lease: '2s' },
          poll: { minGap: '1s' },
          server: { host: '127.0.0.1', port: 0 },
          state: { file: join(here.folder, 'state.json') },
        },
        policies: { 'daily-reauthentication.yaml': POLICY },
        replicas: { caConfigMap: '' },
      },
    ])
    const urls = {
      'curfew-database-owner': cluster.url('curfew', 'curfew_owner'),
      'curfew-database': cluster.url('curfew', 'curfew'),
    }
    const commandOf = (kind: string) => {
      const { template } = (objects.find((one) => one.kind === kind) as Job | Deployment).spec
      const [{ args, env = [] }] = template.spec.containers as [Container]
      const secrets = env.map(({ name, valueFrom }) => [name, urls[valueFrom?.secretKeyRef?.name as keyof typeof urls]])
      return {
        template,
        args: args.map((arg) => (arg.startsWith('/') ? join(here.folder, arg) : arg)),
        env: Object.fromEntries(secrets) as Readonly<Record<string, string>>,
      }
    }
    const [job, pod] = [commandOf('Job'), commandOf('Deployment')]
    await mountConfigMaps(here.folder, pod.template, objects)
    const migrated = await here.run(job.args, job.env)
    expect([migrated.stderr, migrated.code]).toEqual(['', 0])

    await using office = await startOffice()
    const connectionId = office.world.connect({ endpointId: OFFICE, username: 'bob', ageMs: 11 * HOUR })
    await using replica = here.start(pod.args, { ...office.env, ...pod.env })
    await replica.untilLogged('termination', (line) => line.outcome === 'confirmed')
    expect(terminatedIds(office)).toEqual([connectionId])
    replica.child.kill('SIGTERM')
    expect(await replica.exited).toBe(0)
  })
})

describe('a pod of the replicas', () => {
  it('does not start with a ConfigMap of its operator that has no database', async () => {
    await using here = await workspace({})
    await using office = await startOffice()
    office.world.connect({ endpointId: OFFICE, username: 'bob', ageMs: 11 * HOUR })
    const objects = await render(['replicas', { existingConfigMap: 'theirs', existingPoliciesConfigMap: 'policies' }])
    const { template } = (objects.find(({ kind }) => kind === 'Deployment') as Deployment).spec
    const theirs = {
      theirs: {
        'curfew.yaml': curfewYaml(`mode: enforce\naudit: { file: ${join(here.folder, 'audit.jsonl')} }\n`).replace(
          './policies.yaml',
          './policies',
        ),
      },
      policies: { 'daily.yaml': AGE_POLICY },
    }
    const configMaps = Object.entries(theirs).map(([name, data]) => ({ kind: 'ConfigMap', metadata: { name }, data }))
    await mountConfigMaps(here.folder, template, configMaps as unknown as readonly Manifest[])
    const [{ args }] = template.spec.containers as [Container]
    const asMounted = args.map((arg) => (arg.startsWith('/') ? join(here.folder, arg) : arg))
    await using replica = here.start(asMounted, office.env)
    const fate = replica.untilLogged('started').then(
      () => 'started',
      () => 'ended',
    )
    expect(await fate).toBe('ended')
    expect(await replica.exited).toBe(1)
    expect(replica.stderr).toMatch(/curfew\.yaml: --replica is for one of several processes.* Add "engine"/)
    expect(office.requests).toEqual([])
    expect(existsSync(join(here.folder, 'audit.jsonl'))).toBe(false)

    await using alone = here.start([...asMounted.filter((arg) => arg !== '--replica'), '--once'], office.env)
    expect(await alone.exited).toBe(0)
    expect(terminatedIds(office)).toHaveLength(1)
  })
})
