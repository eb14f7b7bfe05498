import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HOUR } from '../../src/domain/time/instant.ts'
import { AGE_POLICY, curfewYaml, OFFICE, startOffice, terminatedIds } from '../cli/office.ts'
import { freePort } from '../free-port.ts'
import { IS_NIGHTLY } from '../nightly.ts'
import { chartPod } from './chart-pod.ts'
import { CHECKS, checkStop, type Suspect } from './checks.ts'
import { PAGE_YAML, pageLine } from './container-page.ts'
import { configuredImage, fargateTask } from './fargate-task.ts'
import { expectedTree, readTree } from './image-tree.ts'
import { build, Container, podman, podmanSays, runToEnd, standIns } from './podman.ts'
import { folderOf, scratch, sourcesElsewhere } from './scratch.ts'

/** A build takes ten seconds to a minute; with nothing cached on a busy machine it takes much longer. */
const BUILD_TIMEOUT_MS = 1_800_000

/** After this podman kills the container. An idle machine needs ten seconds at most. */
const STOP_SECONDS = 180

const id = randomUUID().slice(0, 8)
const good = `localhost/curfew-test:good-${id}`
const again = `localhost/curfew-test:again-${id}`
const bad = `localhost/curfew-test:bad-${id}`
const unpinned = `localhost/curfew-test:unpinned-${id}`
const configured = `localhost/curfew-test:configured-${id}`
const volume = (name: string) => `curfew-test-${name}-${id}`

const BANS = 'version: 1\npolicies: [{ name: leavers, kind: banned-users, users: [mallory@corp.example] }]\n'
const ON_DISK = 'audit: { file: /var/lib/curfew/audit.jsonl }\nstate: { file: /var/lib/curfew/state.json }'

/** A folder with the configuration that the page shows. */
const pageFolder = () => folderOf('page', { 'curfew.yaml': PAGE_YAML, 'policies/daily.yaml': AGE_POLICY })

const inspect = async (image: string, field: string) =>
  JSON.parse(await podmanSays('image', 'inspect', '--format', `{{json .${field}}}`, image)) as unknown

let bases: Awaited<ReturnType<typeof standIns>>
let expectations: Pick<Suspect, 'baseTree' | 'expected' | 'registry'>

const started: Container[] = []

const suspectOf = async (image: string, args: readonly string[]): Promise<Suspect> => {
  const container = new Container(args)
  started.push(container)
  await container.untilLogged('listening')
  const root = await podmanSays('image', 'mount', image)
  return {
    config: (await inspect(image, 'Config')) as Suspect['config'],
    healthcheck: (await inspect(image, 'HealthCheck')) as Suspect['healthcheck'],
    root,
    tree: readTree(root),
    ...expectations,
    container,
  }
}

const versions = ['--build-arg=VERSION=1.2.3', '--build-arg=REVISION=0123456789abcdef']

beforeAll(async () => {
  bases = await standIns()
  const { code, stderr } = await build(good, '.', ...versions)
  if (code !== 0) throw new Error(stderr)
  expectations = {
    baseTree: readTree(await podmanSays('image', 'mount', bases.base)),
    expected: expectedTree(),
    registry: execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim(),
  }
}, BUILD_TIMEOUT_MS)

afterAll(async () => {
  for (const container of started) await container[Symbol.asyncDispose]()
  await podman('image', 'unmount', good, bad)
  await podman('image', 'rm', '--force', good, again, bad, unpinned, configured)
  await podman('volume', 'rm', '--force', ...['page', 'office', 'chart', 'task', 'bad'].map(volume))
  rmSync(scratch, { recursive: true, force: true })
})

describe('the image, run with the commands of its page', () => {
  let suspect: Suspect
  // Without a network, the port of the page is free.
  const line = (command: string) =>
    pageLine(command, { folder: pageFolder(), volume: volume('page'), image: good, options: ['--network=none'] })

  beforeAll(async () => {
    suspect = await suspectOf(good, line(''))
  })

  it.each(Object.entries(CHECKS))('passes the check of its %s', async (_name, check) => {
    expect(await check(suspect)).toEqual([])
  })

  it('accepts the configuration of the page', async () => {
    expect(await runToEnd(line('validate'))).toMatchObject({ code: 0, stderr: '' })
  })

  it('builds a connect handler', async () => {
    const [place, out] = [volume('page'), '/var/lib/curfew/handler.zip']
    const folder = folderOf('door', { 'curfew.yaml': PAGE_YAML, 'policies/leavers.yaml': BANS })
    const given = pageLine('', { folder, volume: place, image: good, options: ['--network=none'] })
    const { code, stdout } = await runToEnd([...given, 'connect-handler', 'build', '--out', out])
    expect(code).toBe(0)
    expect(stdout).toContain(`${out}: `)
  })

  it('stops in order on SIGTERM, and leaves a complete audit trail on the volume', async () => {
    expect(await checkStop(suspect.container, STOP_SECONDS)).toEqual([])
    const { code, stdout } = await runToEnd(line('audit'))
    expect(code).toBe(0)
    expect(stdout).toContain(String(suspect.container.log().at(-1)?.hash))
  })
})

describe('the image on the simulator', () => {
  const folder = () =>
    folderOf('office', {
      'curfew.yaml': curfewYaml(`mode: enforce\npoll: { minGap: 1s }\n${ON_DISK}`),
      'policies.yaml': AGE_POLICY,
    })

  const given = (office: Awaited<ReturnType<typeof startOffice>>) => ({
    folder: folder(),
    volume: volume('office'),
    image: good,
    options: ['--network=host', ...Object.entries(office.env).map(([name, value]) => `--env=${name}=${value}`)],
  })

  it('shows in a plan which connection would end, and ends none', async () => {
    await using office = await startOffice()
    const connectionId = office.world.connect({ endpointId: OFFICE, username: 'bob', ageMs: 9 * HOUR })
    const { code, stdout } = await runToEnd([...pageLine('plan', given(office)), '--output', 'json'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ endpoints: [{ complete: true, terminate: [{ connectionId }] }] })
    expect(terminatedIds(office)).toEqual([])
  })

  it('ends the connection with run --once, and confirms the termination', async () => {
    await using office = await startOffice()
    const connectionId = office.world.connect({ endpointId: OFFICE, username: 'bob', ageMs: 9 * HOUR })
    office.world.connect({ endpointId: OFFICE, username: 'carol' })
    const { code, log } = await runToEnd([...pageLine('', given(office)), 'run', '--once'])
    expect(code).toBe(0)
    expect(terminatedIds(office)).toEqual([connectionId])
    expect(log.filter(({ event }) => event === 'termination')).toMatchObject([{ connectionId, outcome: 'confirmed' }])
  })

  it('serves metrics, and its healthcheck asks the address in CURFEW_HEALTH_URL', async () => {
    await using office = await startOffice()
    office.world.connect({ endpointId: OFFICE, username: 'carol' })
    await using container = new Container(pageLine('', given(office)))
    const url = String((await container.untilLogged('listening')).url)
    await container.untilLogged('decided')
    const metrics = await (await fetch(`${url}/metrics`)).text()
    expect(metrics).toContain(`curfew_connections{vpn_endpoint="${OFFICE}"} 1`)
    expect(metrics).toMatch(/^curfew_build_info\{.*node="v?24\./m)
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    const health = (address: string) =>
      podman(
        'exec',
        `--env=CURFEW_HEALTH_URL=${address}`,
        container.name,
        '/nodejs/bin/node',
        '/opt/curfew/healthcheck.js',
      )
    expect(await health(`${url}/healthz`)).toMatchObject({ code: 0 })
    expect(await health(`${url}/nowhere`)).toMatchObject({ code: 1 })
    expect(await checkStop(container, STOP_SECONDS)).toEqual([])
  })
})

describe('the image as the pod of the Helm chart', () => {
  it('ends a session, and another one after an edit of the ConfigMap', async () => {
    await using office = await startOffice()
    const connect = (username: string) => office.world.connect({ endpointId: OFFICE, username })
    const [mallory, bob] = [connect('mallory@corp.example'), connect('bob@corp.example')]
    const port = await freePort()
    const [repository = '', tag = ''] = good.split(':')
    const pod = await chartPod(volume('chart'), [
      'enforce',
      {
        image: { repository, tag, digest: '' },
        // In the network of this machine, where the simulator is.
        config: { server: { host: '127.0.0.1', port }, poll: { minGap: '1s' } },
      },
    ])
    const env = Object.entries(office.env).map(([name, value]) => `--env=${name}=${value}`)
    await using container = new Container(['--network=host', ...env, ...pod.args])
    expect(await container.untilLogged('termination')).toMatchObject({ connectionId: mallory, outcome: 'confirmed' })
    for (const path of pod.probes) expect((await fetch(`http://127.0.0.1:${port}${path}`)).status).toBe(200)

    await pod.edit({ policies: { 'leavers.txt': 'bob@corp.example\n' } })
    await container.untilLogged('reloaded')
    await container.until(() => (terminatedIds(office).length === 2 ? terminatedIds(office) : undefined))
    expect(terminatedIds(office)).toEqual([mallory, bob])
    expect(await checkStop(container, STOP_SECONDS)).toEqual([])
  })
})

describe('the image as the task that Terraform plans', () => {
  it('ends a session, and the health check of the task passes', async () => {
    await using office = await startOffice()
    const mallory = office.world.connect({ endpointId: OFFICE, username: 'mallory@corp.example' })
    await configuredImage(configured, good, {
      'curfew.yaml': curfewYaml(`mode: enforce\n${ON_DISK}`),
      'policies.yaml': BANS,
    })
    const task = await fargateTask(configured, volume('task'))
    const env = Object.entries(office.env).map(([name, value]) => `--env=${name}=${value}`)
    await using container = new Container(['--network=host', ...env, ...task.args])
    const { url } = await container.untilLogged('listening')
    expect(await container.untilLogged('termination')).toMatchObject({ connectionId: mallory, outcome: 'confirmed' })
    const health = ['exec', `--env=CURFEW_HEALTH_URL=${String(url)}/healthz`, container.name, ...task.healthCheck]
    expect(await podman(...health)).toMatchObject({ code: 0 })
    expect(await checkStop(container, STOP_SECONDS)).toEqual([])
  })
})

describe('the image with missing mounts', () => {
  it('reports in one line that the configuration is missing', async () => {
    const { code, stdout, stderr } = await runToEnd(['--network=none', '--read-only', good])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^\/etc\/curfew\/curfew\.yaml:[^\n]*\n$/)
  })

  it('does not start without a volume for the audit trail', async () => {
    const { code, stdout, stderr } = await runToEnd([
      '--network=none',
      '--read-only',
      `--volume=${pageFolder()}:/etc/curfew:ro`,
      good,
    ])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^[^\n]*\/var\/lib\/curfew\/audit\.jsonl[^\n]*\n$/)
  })
})

describe('the Dockerfile', () => {
  // The check of the files compares the image with a build of the bundle on this machine every time.
  it.each(IS_NIGHTLY ? ['another place and time'] : [])(
    'makes the same layers from the same sources at %s',
    async () => {
      expect(await build(again, sourcesElsewhere(), ...versions)).toMatchObject({ code: 0 })
      expect(await inspect(again, 'RootFS.Layers')).toEqual(await inspect(good, 'RootFS.Layers'))
    },
    BUILD_TIMEOUT_MS,
  )

  it.each(['BUILDER', 'BASE'])('refuses a %s without a digest', async (argument) => {
    await podmanSays('tag', bases.builder, unpinned)
    const { code, stderr } = await build(again, '.', `--build-arg=${argument}=${unpinned}`)
    expect(code).not.toBe(0)
    expect(stderr).toContain(`the base ${unpinned} has no digest`)
  })
})

describe('the check', () => {
  let suspect: Suspect

  beforeAll(async () => {
    const context = folderOf('bad', {
      npmrc: `registry=https://registry.corp.example/\n`,
      Dockerfile: `
FROM ${good} AS good
FROM ${bases.builder}
COPY --from=good /opt/curfew /opt/curfew
COPY npmrc /root/.npmrc
VOLUME /var/lib/curfew
HEALTHCHECK CMD ["node", "/opt/curfew/health.js"]
ENTRYPOINT ["sh", "-c", "node /opt/curfew/start.cjs \\"$@\\"; exit $?", "curfew"]
CMD ["run", "--config", "/etc/curfew/curfew.yaml"]
`,
    })
    await podmanSays('build', '--quiet', '--layers=false', '--pull=never', '--format=docker', `--tag=${bad}`, context)
    const mounts = [`--volume=${pageFolder()}:/etc/curfew`, `--volume=${volume('bad')}:/var/lib/curfew`]
    const careless = ['--network=none', '--security-opt=seccomp=unconfined', ...mounts]
    suspect = await suspectOf(bad, [...careless, bad])
  })

  it.each(Object.entries(CHECKS))('of the %s finds the mistakes of a bad image', async (_name, check) => {
    expect(await check(suspect)).not.toEqual([])
  })

  it('of the stop finds a shell that does not forward signals', async () => {
    expect(await checkStop(suspect.container, 1)).toContain('exit code 137')
  })
})
