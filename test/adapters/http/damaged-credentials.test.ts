import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { CredentialsError, readCredentials } from '../../../src/adapters/http/credentials.ts'
import type { ServerSettings } from '../../../src/config/configuration.ts'
import { anyText } from '../../any-text.ts'
import { fuzzRuns } from '../../fuzz-runs.ts'
import { certificate } from './certificates.ts'
import { temporaryFolder } from './serving.ts'

const folder = temporaryFolder()
afterAll(() => folder[Symbol.dispose]())
const good = certificate(folder.path, 'good')
const TOKEN = '0123456789abcdef0123456789abcdef'

const files = {
  certFile: join(folder.path, 'cert.pem'),
  keyFile: join(folder.path, 'key.pem'),
  clientCaFile: join(folder.path, 'ca.pem'),
  bearerTokenFile: join(folder.path, 'token'),
}
type Name = keyof typeof files

const GOOD: Readonly<Record<Name, Buffer>> = {
  certFile: good.cert,
  keyFile: good.key,
  clientCaFile: good.cert,
  bearerTokenFile: Buffer.from(`${TOKEN}\n`),
}

const settings = (): ServerSettings => {
  const { bearerTokenFile, ...tls } = files
  return {
    host: '127.0.0.1',
    port: 0,
    basicAuthUsers: undefined,
    tls,
    bearerTokenFile,
    showNames: false,
    links: undefined,
  }
}

/** The credentials, or the code of the refusal: one line that names the file and does not quote its content. */
const start = async (name: Name) => {
  try {
    return await readCredentials(settings())
  } catch (error) {
    if (!(error instanceof CredentialsError)) throw error
    expect(error.message).toContain(files[name])
    expect(error.message).not.toMatch(/\p{Cc}/u)
    return error.code
  }
}

const startWith = (name: Name, content: Uint8Array) => {
  for (const [each, path] of Object.entries(files)) {
    rmSync(path, { force: true, recursive: true })
    writeFileSync(path, each === name ? content : GOOD[each as Name])
  }
  return start(name)
}

const anyName = fc.constantFrom(...(Object.keys(files) as Name[]))

describe('a file of `server`', () => {
  it('is used, or refused by its name, with any bytes in it', async () => {
    const any = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      anyText().map((text) => Buffer.from(text)),
    )
    await fc.assert(
      fc.asyncProperty(anyName, any, async (name, content) => {
        const read = await startWith(name, content)
        if (typeof read === 'string') expect(read).toBe('invalid')
        // Random bytes can only make a valid token, never a certificate or key.
        else expect([name, read.token]).toEqual(['bearerTokenFile', Buffer.from(content).toString().trim()])
      }),
      { numRuns: fuzzRuns(150) },
    )
  })

  it('is used, or refused by its name, after any edit of a valid one', async () => {
    const edit = fc.tuple(fc.nat(), fc.nat(200), fc.uint8Array({ maxLength: 3 }))
    let refused = 0
    await fc.assert(
      fc.asyncProperty(anyName, fc.array(edit, { minLength: 1, maxLength: 3 }), async (name, edits) => {
        const content = edits.reduce<Buffer>((left, [place, drop, insert]) => {
          const at = place % (left.length + 1)
          return Buffer.concat([left.subarray(0, at), insert, left.subarray(at + drop)])
        }, GOOD[name])
        const read = await startWith(name, content)
        if (typeof read === 'string') refused++
        else expect(read.token).toMatch(/^[!-~]{16,}$/)
      }),
      { numRuns: fuzzRuns(150) },
    )
    expect(refused).toBeGreaterThan(0)
  })

  it.each(Object.keys(files) as Name[])(
    'is refused without a wait if it is a pipe, a folder or 100 GB long: %s',
    async (name) => {
      await startWith(name, GOOD[name])
      const replacements = {
        pipe: (path: string) => execFileSync('/usr/bin/mkfifo', [path]),
        folder: (path: string) => mkdirSync(path),
        huge: (path: string) => {
          writeFileSync(path, '')
          truncateSync(path, 100e9)
        },
      }
      for (const put of Object.values(replacements)) {
        rmSync(files[name], { recursive: true })
        put(files[name])
        expect(await start(name)).toBe('unreadable')
      }
    },
  )
})
