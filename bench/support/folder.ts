import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const WITHIN = 'node_modules/.cache/curfew-bench'

/** A folder for as long as it is needed, from which packages are found. */
export const createFolder = (): { readonly path: string } & Disposable => {
  mkdirSync(WITHIN, { recursive: true })
  const path = mkdtempSync(join(WITHIN, 'run-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}
