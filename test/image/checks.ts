import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { bytesOf, type Tree, unread } from './image-tree.ts'
import { type Container, podmanSays } from './podman.ts'

/** The configuration of an image, as `podman image inspect` prints it. */
export interface ImageConfig {
  readonly User?: string
  readonly Entrypoint?: readonly string[]
  readonly Env?: readonly string[]
  readonly Labels?: Readonly<Record<string, string>> | null
  readonly Volumes?: Readonly<Record<string, unknown>>
}

/** An image to check, and a container of it in which the daemon runs. */
export interface Suspect {
  readonly config: ImageConfig
  readonly healthcheck: { readonly Test: readonly string[] } | null
  /** The folder on this machine with the files of the image. */
  readonly root: string
  readonly tree: Tree
  /** The files of the expected base. */
  readonly baseTree: Tree
  /** The expected files above the base. */
  readonly expected: Tree
  /** The URL of this machine's npm registry, which must not be in an image. */
  readonly registry: string
  readonly container: Container
}

/** Returns the mistakes that it finds; an empty list if there are none. */
export type Check = (suspect: Suspect) => Promise<readonly string[]> | readonly string[]

const USER = '65532:65532'
const LARGEST = 170e6
/** The scripts of 3.4 and 0.7 MB, their compiled code of 3.3 and 1.2 MB, and licences. */
const LARGEST_APP = 9.5e6

const unless = (isCorrect: boolean, mistake: string): readonly string[] => (isCorrect ? [] : [mistake])

const above = ({ tree, baseTree }: Suspect) => [...tree].filter(([path]) => !baseTree.has(path))

const processStatus = async (container: Container) => {
  const status = readFileSync(`/proc/${await container.processId()}/status`, 'utf8')
  return (field: string) => new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(status)?.[1]?.split('\t') ?? []
}

/** The checks, by their subject. The container still runs after each. */
export const CHECKS: Readonly<Record<string, Check>> = {
  user: async ({ config, container }) => {
    const field = await processStatus(container)
    return [
      ...unless(config.User === USER, `USER is ${config.User}`),
      ...['Uid', 'Gid'].flatMap((name) =>
        field(name).flatMap((id) => unless(id === '65532', `the daemon runs with ${name} ${id}`)),
      ),
      ...unless(field('Uid').length === 4, 'the container has no process'),
    ]
  },

  privileges: async ({ container }) => {
    const field = await processStatus(container)
    const capabilities = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']
    return [
      ...capabilities.flatMap((set) => unless(/^0+$/.test(field(set)[0] ?? ''), `${set} ${field(set)[0]}`)),
      ...unless(field('NoNewPrivs')[0] === '1', 'the process may gain privileges'),
      ...unless(field('Seccomp')[0] === '2', 'the process has no seccomp filter'),
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
      ...programs.flatMap(([path]) => unless(path === 'nodejs/bin/node', `/${path} is a program`)),
      ...unless(programs.length > 0, 'there is no Node'),
      ...unless(code === 127, `a shell ends with exit code ${code}, expected 127`),
    ]
  },

  files: (suspect) => {
    const { tree, baseTree, expected } = suspect
    const differs = (path: string, one: unknown, other: unknown) =>
      unless(JSON.stringify(one) === JSON.stringify(other), `/${path} differs from what is expected`)
    return [
      ...above(suspect).flatMap(([path]) => unless(expected.has(path), `/${path} is not expected`)),
      ...[...expected].flatMap(([path, entry]) => {
        // Compiled code depends on the folder in which it was compiled.
        const read = (one: typeof entry | undefined) => (path.endsWith('.code') ? unread(one) : one)
        return differs(path, read(tree.get(path)), read(entry))
      }),
      ...[...baseTree].flatMap(([path, entry]) => differs(path, tree.get(path), entry)),
    ]
  },

  'nothing of the machine': (suspect) => {
    const { root, tree, registry, config } = suspect
    const names = /^(?:\.?npmrc|\.npm|sources\.list|resolv\.conf|hostname|authorities\.crt)$/
    const host = Buffer.from(new URL(registry).host)
    const variables = (config.Env ?? []).map((variable) => variable.split('=', 1)[0] ?? '')
    return [
      ...[...tree.keys()].flatMap((path) =>
        unless(!names.test(basename(path)), `/${path} comes from the machine of the build`),
      ),
      ...above(suspect).flatMap(([path, { kind }]) =>
        unless(
          kind !== 'file' || !readFileSync(join(root, path)).includes(host),
          `/${path} contains the name of the registry`,
        ),
      ),
      ...variables.flatMap((name) =>
        unless(
          ['MALLOC_ARENA_MAX', 'MALLOC_MMAP_THRESHOLD_', 'PATH', 'SSL_CERT_FILE'].includes(name),
          `the variable ${name} is set`,
        ),
      ),
    ]
  },

  size: (suspect) => {
    const [all, app] = [bytesOf(suspect.tree), bytesOf(new Map(above(suspect)))]
    return [
      ...unless(all < LARGEST, `the image has ${all} bytes`),
      ...unless(app > 0 && app < LARGEST_APP, `the image has ${app} bytes above the base`),
    ]
  },

  healthcheck: async ({ healthcheck, container }) => {
    const [form, ...command] = healthcheck?.Test ?? []
    if (form !== 'CMD') return [`HEALTHCHECK is ${form}`]
    const { code, stdout } = await container.exec(...command)
    return unless(code === 0, `the healthcheck ends with exit code ${code}: ${stdout}`)
  },

  entrypoint: ({ config: { Entrypoint = [], Volumes = {} } }) => [
    ...unless(Entrypoint[0] === '/nodejs/bin/node', `the ENTRYPOINT is ${Entrypoint[0]}, which gets the signals`),
    ...unless(Entrypoint.includes('--disable-sigusr1'), 'SIGUSR1 opens a debugger beside the credentials'),
    ...unless(Object.keys(Volumes).length === 0, 'a VOLUME hides that no volume is mounted'),
  ],

  'compiled code': async ({ config: { Entrypoint = [] }, container }) => {
    const ask = `const { fileOf, load } = require('/opt/curfew/load.cjs')
      process.stdout.write(['run', 'validate'].map((command) => load(fileOf(command)).cachedDataRejected).join())`
    const { stdout } = await container.exec(...Entrypoint.slice(0, -1), '--eval', ask)
    return unless(
      stdout === 'false,false',
      `V8 does not accept the compiled code under the options of the ENTRYPOINT: ${stdout}`,
    )
  },

  labels: ({ config }) =>
    ['title', 'description', 'licenses', 'version', 'revision', 'base.name'].flatMap((name) =>
      unless((config.Labels?.[`org.opencontainers.image.${name}`] ?? '') !== '', `the label ${name} is missing`),
    ),
}

/**
 * Checks that SIGTERM stops the container in order: within the seconds, with exit code 0, and with the head of the audit
 * trail as the last line of the log.
 */
export const checkStop = async (container: Container, seconds: number): Promise<readonly string[]> => {
  await podmanSays('stop', '--time', String(seconds), container.name)
  const code = await container.exited
  return [
    ...unless(code === 0, `exit code ${code}`),
    ...unless(
      container.log().at(-1)?.event === 'audit-head',
      'the head of the audit trail is not the last line of the log',
    ),
  ]
}
