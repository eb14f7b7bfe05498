import { readFileSync } from 'node:fs'
import { Script } from 'node:vm'

export const url = new URL('cli/curfew.js', import.meta.url)
export const codeUrl = new URL('cli/curfew.js.code', import.meta.url)

/** The code that scripts/image/compile.ts kept. */
const compiled = () => {
  try {
    return readFileSync(codeUrl)
  } catch {
    return undefined
  }
}

/** All commands. Without compiled code, or with that of another V8, the start is only slower. */
export const load = () => new Script(readFileSync(url, 'latin1'), { filename: url.pathname, cachedData: compiled() })
