import { type ExecFileException, execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parseAllDocuments } from 'yaml'
import { kubernetesProgram } from './kubernetes-layer.ts'
import type { Manifest } from './kubernetes-objects.ts'

const run = promisify(execFile)

export const CHART = 'deploy/helm/curfew'

/** A file of values in deploy/helm/values, or values of their own. */
export type Values = string | object

/** Runs Helm with settings of its own, and returns what it prints. */
export const helm = async (...args: readonly string[]): Promise<string> => {
  const home = await mkdtemp(join(tmpdir(), 'curfew-helm-'))
  try {
    const env = {
      PATH: process.env.PATH,
      HOME: home,
      HELM_CACHE_HOME: home,
      HELM_CONFIG_HOME: home,
      HELM_DATA_HOME: home,
    }
    const { stdout } = await run(await kubernetesProgram('helm'), args, { env, maxBuffer: 2 ** 26 })
    return stdout
  } catch (error) {
    throw new Error((error as ExecFileException & { readonly stderr: string }).stderr)
  } finally {
    await rm(home, { recursive: true })
  }
}

/** The text of a rendering of the chart. Later values take precedence. */
export const renderText = async (values: readonly Values[], release = 'curfew', chart = CHART): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'curfew-values-'))
  try {
    await mkdir(folder, { recursive: true })
    const files = await Promise.all(
      values.map(async (some, index) => {
        if (typeof some === 'string') return `deploy/helm/values/${some}.yaml`
        const file = join(folder, `${index}.yaml`)
        await writeFile(file, JSON.stringify(some))
        return file
      }),
    )
    const options = files.flatMap((file) => ['--values', file])
    return await helm('template', release, chart, '--namespace', 'curfew', ...options)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** The objects of a rendering of the chart. */
export const render = async (values: readonly Values[], release?: string): Promise<readonly Manifest[]> =>
  parseAllDocuments(await renderText(values, release)).map((document) => document.toJS() as Manifest)
