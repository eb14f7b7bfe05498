import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { Script } from 'node:vm'

export const url = new URL('cli/curfew.js', import.meta.url)
const codeUrl = new URL('cli/curfew.js.code', import.meta.url)
const DIGEST_BYTES = 32

const digestOf = (script, code) => createHash('sha256').update(script).update(code).digest()

/**
 * The code that scripts/image/compile.ts kept. V8 compares only the length of the script, so that a script which was edited
 * would not count, and damaged code would run. The digest refuses both.
 */
const compiled = (script) => {
  try {
    const file = readFileSync(codeUrl)
    const code = file.subarray(DIGEST_BYTES)
    return digestOf(script, code).equals(file.subarray(0, DIGEST_BYTES)) ? code : undefined
  } catch {
    return undefined
  }
}

/** All commands. Without compiled code, or with that of another script or V8, the start is only slower. */
export const load = () => {
  const script = readFileSync(url)
  return new Script(script.latin1Slice(), { filename: url.pathname, cachedData: compiled(script) })
}

export const keep = (code) => writeFileSync(codeUrl, Buffer.concat([digestOf(readFileSync(url), code), code]))
