import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Manifest } from './kubernetes-objects.ts'

type Models = Readonly<Record<string, new (data: Manifest) => { validate(): void }>>

// Required, not imported: the types of these packages do not compile under this project's strict options.
const require = createRequire(import.meta.url)

const MODELS: Readonly<Record<string, { readonly name: string; readonly load: () => Models }>> = {
  v1: { name: 'kubernetes-models/v1', load: () => require('kubernetes-models/v1') as Models },
  'apps/v1': { name: 'kubernetes-models/apps/v1', load: () => require('kubernetes-models/apps/v1') as Models },
  'batch/v1': { name: 'kubernetes-models/batch/v1', load: () => require('kubernetes-models/batch/v1') as Models },
  'networking.k8s.io/v1': {
    name: 'kubernetes-models/networking.k8s.io/v1',
    load: () => require('kubernetes-models/networking.k8s.io/v1') as Models,
  },
  'policy/v1': { name: 'kubernetes-models/policy/v1', load: () => require('kubernetes-models/policy/v1') as Models },
  'monitoring.coreos.com/v1': {
    name: '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1',
    load: () => require('@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1') as Models,
  },
}

/** Where an object violates its published JSON schema. The schema checks values and types, but allows unknown keys. */
export const schemaProblems = (manifest: Manifest): readonly string[] => {
  const Model = MODELS[manifest.apiVersion]?.load()[manifest.kind]
  if (Model === undefined) return [`${manifest.apiVersion} has no ${manifest.kind}`]
  try {
    new Model(manifest).validate()
    return []
  } catch (error) {
    return [`${manifest.kind} ${manifest.metadata.name}: ${(error as Error).message}`]
  }
}

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Where objects violate the published types. They are written as literals, so that TypeScript reports unknown keys. */
export const typeProblems = (manifests: readonly Manifest[]): readonly string[] => {
  const cache = join(root, 'node_modules/.cache/curfew')
  mkdirSync(cache, { recursive: true })
  // Inside the repository, so that TypeScript finds the packages.
  const folder = mkdtempSync(join(cache, 'manifests-'))
  const sources = manifests.map((manifest, index) => {
    const file = join(folder, `${manifest.kind}-${index}.ts`)
    const type = `import type { I${manifest.kind} as Kind } from '${MODELS[manifest.apiVersion]?.name}'`
    writeFileSync(file, `${type}\nexport const manifest: Kind = ${JSON.stringify(manifest)}\n`)
    return file
  })
  const options = '--ignoreConfig --noEmit --strict --skipLibCheck --pretty false --module nodenext --target es2023'
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const { stdout } = spawnSync(process.execPath, [tsc, ...options.split(' '), ...sources], { encoding: 'utf8' })
  rmSync(folder, { recursive: true })
  return stdout.split('\n').filter((line) => line.includes('error'))
}
