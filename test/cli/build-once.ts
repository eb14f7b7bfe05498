import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** The tests of the commands run the bundle that ships. What they share for one run is in a folder, removed at its end. */
export const setup = async () => {
  mkdirSync('reports', { recursive: true })
  await promisify(execFile)(process.execPath, [
    '--import',
    'tsx',
    'scripts/build.ts',
    '--metafile',
    'reports/metafile.json',
  ])
  const folder = mkdtempSync(join(tmpdir(), 'curfew-run-'))
  // PostgreSQL has an account of its own.
  chmodSync(folder, 0o755)
  process.env.CURFEW_TEST_FOLDER = folder
  return () => rmSync(folder, { recursive: true, force: true })
}
