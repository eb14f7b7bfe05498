import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, readFileSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { kustomizeFiles } from '../../scripts/kustomize-files.ts'
import { workspace } from '../cli/curfew.ts'
import { EVERYTHING, OF_OTHERS, REPLICAS } from './chart-values.ts'
import { CHART, helm, render, renderText, type Values } from './helm.ts'
import { build } from './kubectl.ts'
import type { ConfigMap, Deployment, Job, Manifest } from './kubernetes-objects.ts'
import { schemaProblems, typeProblems } from './manifest.ts'
import { mountConfigMaps } from './mounted.ts'
import { brokenControls } from './restricted.ts'

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }

const MONITORED = { serviceMonitor: { enabled: true }, prometheusRule: { enabled: true } }
const IRSA = {
  serviceAccount: { annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/curfew' } },
}

/** What Kustomize builds, with the values for which the chart renders the same. */
const SAME: ReadonlyArray<readonly [folder: string, values: readonly Values[]]> = [
  ['base', ['audit']],
  ['overlays/irsa', ['audit', MONITORED, IRSA]],
  ['overlays/pod-identity', ['audit', MONITORED, 'pod-identity']],
  ['overlays/enforce', ['enforce']],
  ['overlays/replicas', ['enforce', 'replicas']],
]

const RENDERINGS: ReadonlyArray<readonly [name: string, values: readonly Values[]]> = [
  ...SAME.map(([folder, values]) => [`as ${folder}`, values] as const),
  ['with everything', ['enforce', EVERYTHING]],
  ['with everything and replicas', ['enforce', 'replicas', EVERYTHING, REPLICAS]],
  ['with what others made', ['replicas', OF_OTHERS]],
]

const rendered = new Map<string, readonly Manifest[]>()
beforeAll(async () => {
  for (const [name, values] of RENDERINGS) rendered.set(name, await render(values))
})
const allOf = (name: string): readonly Manifest[] => rendered.get(name) ?? []

const ofKind = <Kind extends Manifest>(objects: readonly Manifest[], kind: string) =>
  objects.filter((one) => one.kind === kind) as readonly Manifest[] as readonly Kind[]

const podsOf = (objects: readonly Manifest[]) =>
  [...ofKind<Deployment>(objects, 'Deployment'), ...ofKind<Job>(objects, 'Job')].map(({ spec }) => spec.template)

const OF_HELM = /^(?:helm\.sh\/.*|app\.kubernetes\.io\/(?:instance|version|managed-by))$/

interface Named {
  readonly name: string
}

const byName = (one: Named, other: Named) => (one.name < other.name ? -1 : 1)

/** An object without the labels and the name by which Helm knows its releases, and without what Kustomize sets. */
const plain = (manifest: Manifest) => {
  const text = JSON.stringify(manifest, (key, value: unknown) => {
    if (OF_HELM.test(key) || key === 'namespace') return undefined
    // The order of volumes says nothing.
    if (key === 'volumes' || key === 'volumeMounts') return (value as readonly Named[]).toSorted(byName)
    return key === 'annotations' && Object.keys(value as object).every((name) => OF_HELM.test(name)) ? undefined : value
  })
  const object = JSON.parse(text.replace(/(?<=-migrate)-[0-9a-f]{8}(?=")/, '')) as Manifest
  if (object.kind !== 'ConfigMap') return object
  const data = Object.entries((object as ConfigMap).data).map(([name, file]) => [name, parse(file) as unknown])
  return { ...object, data: Object.fromEntries(data) as unknown }
}

const sorted = (objects: readonly Manifest[]) =>
  objects
    .filter(({ kind }) => kind !== 'Namespace')
    .map(plain)
    .sort((one, other) => (`${one.kind} ${one.metadata.name}` < `${other.kind} ${other.metadata.name}` ? -1 : 1))

describe('the files of Kustomize', () => {
  it('are rendered from the chart (otherwise run npm run generate)', async () => {
    for (const [path, text] of await kustomizeFiles()) expect([path, readFileSync(path, 'utf8')]).toEqual([path, text])
  })

  it.each(SAME)('in %s are the objects of the chart', async (folder) => {
    const objects = sorted(allOf(`as ${folder}`))
    expect(objects.length).toBeGreaterThan(5)
    expect(objects).toEqual(sorted(await build(`deploy/kubernetes/${folder}`)))
  })
})

describe('the chart', () => {
  it.each([[[]], [['enforce', 'replicas']]])('is accepted by helm lint with the values %j', async (files) => {
    const options = files.flatMap((file) => ['--values', `deploy/helm/values/${file}.yaml`])
    expect(await helm('lint', '--strict', CHART, ...options)).toContain('0 chart(s) failed')
  })

  it('has the version of this package', () => {
    expect(parse(readFileSync(`${CHART}/Chart.yaml`, 'utf8'))).toMatchObject({ version, appVersion: version })
  })

  it('has no key that is missing in the published types', () => {
    expect(typeProblems([...rendered.values()].flat())).toEqual([])
  })

  describe.each(RENDERINGS)('%s', (name) => {
    it('matches the published JSON schemas', () => {
      expect(allOf(name).length).toBeGreaterThan(2)
      expect(allOf(name).flatMap(schemaProblems)).toEqual([])
    })

    it('complies with the Pod Security Standard "restricted"', () => {
      const pods = podsOf(allOf(name))
      expect(pods.flatMap(brokenControls)).toEqual([])
      for (const { spec } of pods) {
        expect(spec.automountServiceAccountToken).toBe(false)
        for (const { securityContext } of spec.containers) expect(securityContext?.readOnlyRootFilesystem).toBe(true)
      }
    })
  })

  // The configurations that Kustomize has too are validated with it.
  it.each(['with everything', 'with everything and replicas'])(
    '%s has a configuration that Curfew accepts at the path that it reads',
    async (name) => {
      await using here = await workspace({})
      const [pod] = podsOf(allOf(name))
      if (pod === undefined) throw new Error('no pod')
      await mountConfigMaps(here.folder, pod, allOf(name))
      const path = pod.spec.containers[0]?.args[2] ?? ''
      const { stderr, code } = await here.run(['validate', '--config', `${here.folder}${path}`])
      expect([stderr, code]).toEqual(['', 0])
    },
  )
})

describe('scripts/helm-package.sh', () => {
  it('packs the same files into the same bytes, which Helm renders like the folder', async () => {
    await using here = await workspace({ 'scripts/helm-package.sh': readFileSync('scripts/helm-package.sh', 'utf8') })
    const archive = join(here.folder, `curfew-chart-${version}.tgz`)
    const pack = () => {
      execFileSync('bash', [join(here.folder, 'scripts/helm-package.sh'), here.folder])
      return readFileSync(archive)
    }
    cpSync(CHART, join(here.folder, CHART), { recursive: true })
    const first = pack()
    chmodSync(join(here.folder, CHART, 'values.yaml'), 0o600)
    utimesSync(join(here.folder, CHART, 'values.yaml'), 1e9, 1e9)
    expect(pack().equals(first)).toBe(true)
    expect(await renderText(['enforce', 'replicas'], 'curfew', archive)).toBe(await renderText(['enforce', 'replicas']))
  })
})
