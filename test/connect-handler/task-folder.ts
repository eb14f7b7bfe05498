import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder outside the repository, as in Lambda: nothing in it finds a package by its name. */
export const createTaskFolder = (): { readonly path: string } & Disposable => {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'curfew-door-')))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}
