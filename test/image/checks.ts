import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { bytesOf, type Tree } from './image-tree.ts'
import { type Container, podmanSays } from './podman.ts'

/** What `podman image inspect` says of an image. */
export interface ImageConfig {
  readonly User?: string
  readonly Entrypoint?: readonly string[]
  readonly Env?: readonly string[]
  readonly Labels?: Readonly<Record<string, string>> | null
  readonly Volumes?: Readonly<Record<string, unknown>>
}

/** An image, and a container of it in which the daemon runs. */
export interface Suspect {
  readonly config: ImageConfig
  readonly healthcheck: { readonly Test: readonly string[] } | null
  /** Where its files lie on this machine. */
  readonly root: string
  readonly tree: Tree
  /** Of the base that it is meant to lie on. */
  readonly baseTree: Tree
  /** What it is meant to hold above its base. */
  readonly meant: Tree
  /** Where npm fetches from here, which is nobody's business elsewhere. */
  readonly registry: string
  readonly container: Container
}

/** Says what is wrong; nothing where all is well. */
export type Check = (suspect: Suspect) => Promise<readonly string[]> | readonly string[]

const USER = '65532:65532'
const LARGEST = 170e6
const LARGEST_APP = 3e6

const unless = (fine: boolean, complaint: string): readonly string[] => (fine ? [] : [complaint])

const above = ({ tree, baseTree }: Suspect) => [...tree].filter(([path]) => !baseTree.has(path))

const processStatus = async (container: Container) => {
  const status = readFileSync(`/proc/${await container.processId()}/status`, 'utf8')
  return (field: string) => new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(status)?.[1]?.split('\t') ?? []
}

/** By what they look at. The container still runs after each. */
export const CHECKS: Readonly<Record<string, Check>> = {
  user: async ({ config, container }) => {
    const field = await processStatus(container)
    return [
      ...unless(config.User === USER, `USER is ${config.User}`),
      ...['Uid', 'Gid'].flatMap((name) => field(name).flatMap((id) => unless(id === '65532', `${name} ${id} runs`))),
      ...unless(field('Uid').length === 4, 'no process to look at'),
    ]
  },

  privileges: async ({ container }) => {
    const field = await processStatus(container)
    const capabilities = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']
    return [
      ...capabilities.flatMap((set) => unless(/^0+$/.test(field(set)[0] ?? ''), `${set} ${field(set)[0]}`)),
      ...unless(field('NoNewPrivs')[0] === '1', 'may gain privileges'),
      ...unless(field('Seccomp')[0] === '2', 'no seccomp filter'),
    ]
  },

  'read-only root': async ({ container }) => {
    const mounts = readFileSync(`/proc/${await container.processId()}/mountinfo`, 'utf8')
    const [, options = ''] = /^\S+ \S+ \S+ \S+ \/ (\S+)/m.exec(mounts) ?? []
    return unless(options.split(',').includes('ro'), `/ is mounted ${options}`)
  },

  programs: async ({ tree, container }) => {
    const programs = [...tree].filter(([path, { kind }]) => kind !== 'folder' && /(?:^|\/)s?bin\/[^/]+$/.test(path))
    const { code } = await container.exec('sh', '-c', ':')
    return [
      ...programs.flatMap(([path]) => unless(path === 'nodejs/bin/node', `/${path} can be run`)),
      ...unless(programs.length > 0, 'no Node'),
      ...unless(code === 127, `sh ends with ${code}`),
    ]
  },

  files: (suspect) => {
    const { tree, baseTree, meant } = suspect
    const differs = (path: string, one: unknown, other: unknown) =>
      unless(JSON.stringify(one) === JSON.stringify(other), `/${path} is not as it should be`)
    return [
      ...above(suspect).flatMap(([path]) => unless(meant.has(path), `/${path} does not belong here`)),
      ...[...meant].flatMap(([path, entry]) => differs(path, tree.get(path), entry)),
      ...[...baseTree].flatMap(([path, entry]) => differs(path, tree.get(path), entry)),
    ]
  },

  'nothing of the machine': (suspect) => {
    const { root, tree, registry, config } = suspect
    const names = /^(?:\.?npmrc|\.npm|sources\.list|resolv\.conf|hostname|authorities\.crt)$/
    const host = Buffer.from(new URL(registry).host)
    const variables = (config.Env ?? []).map((variable) => variable.split('=', 1)[0] ?? '')
    return [
      ...[...tree.keys()].flatMap((path) => unless(!names.test(basename(path)), `/${path} is of the machine`)),
      ...above(suspect).flatMap(([path, { kind }]) =>
        unless(kind !== 'file' || !readFileSync(join(root, path)).includes(host), `/${path} names the registry`),
      ),
      ...variables.flatMap((name) => unless(['PATH', 'SSL_CERT_FILE'].includes(name), `${name} is set`)),
    ]
  },

  size: (suspect) => {
    const [all, app] = [bytesOf(suspect.tree), bytesOf(new Map(above(suspect)))]
    return [
      ...unless(all < LARGEST, `${all} bytes in all`),
      ...unless(app > 0 && app < LARGEST_APP, `${app} bytes above the base`),
    ]
  },

  healthcheck: async ({ healthcheck, container }) => {
    const [form, ...command] = healthcheck?.Test ?? []
    if (form !== 'CMD') return [`HEALTHCHECK is ${form}`]
    const { code, stdout } = await container.exec(...command)
    return unless(code === 0, `the healthcheck ends with ${code}: ${stdout}`)
  },

  entrypoint: ({ config: { Entrypoint = [], Volumes = {} } }) => [
    ...unless(Entrypoint[0] === '/nodejs/bin/node', `${Entrypoint[0]} is started, and gets the signals`),
    ...unless(Object.keys(Volumes).length === 0, 'a VOLUME hides that none was mounted'),
  ],

  labels: ({ config }) =>
    ['title', 'description', 'licenses', 'version', 'revision', 'base.name'].flatMap((name) =>
      unless((config.Labels?.[`org.opencontainers.image.${name}`] ?? '') !== '', `no label ${name}`),
    ),
}

/** Whether SIGTERM ends it in order: within the seconds, with 0, the head of the audit trail being its last word. */
export const checkStop = async (container: Container, seconds: number): Promise<readonly string[]> => {
  await podmanSays('stop', '--time', String(seconds), container.name)
  const code = await container.exited
  return [
    ...unless(code === 0, `exit code ${code}`),
    ...unless(container.log().at(-1)?.event === 'audit-head', 'the head of the audit trail is not told'),
  ]
}
