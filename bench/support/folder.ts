import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const PARENT = 'node_modules/.cache/curfew-bench'

/** A temporary folder inside node_modules, so that a file in it can import packages. */
export const createFolder = (): { readonly path: string } & Disposable => {
  mkdirSync(PARENT, { recursive: true })
  const path = mkdtempSync(join(PARENT, 'run-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}
