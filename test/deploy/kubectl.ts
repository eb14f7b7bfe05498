import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { parseAllDocuments } from 'yaml'
import { kubernetesProgram } from './kubernetes-layer.ts'
import type { Manifest } from './kubernetes-objects.ts'

const run = promisify(execFile)

/** The objects that `kubectl apply -k` of a folder would send. */
export const build = async (folder: string): Promise<readonly Manifest[]> => {
  const { stdout } = await run(await kubernetesProgram('kubectl'), ['kustomize', folder])
  return parseAllDocuments(stdout).map((document) => document.toJS() as Manifest)
}
