import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { promisify } from 'node:util'

/** The tests of the commands run the bundle that ships. */
export const setup = async () => {
  mkdirSync('reports', { recursive: true })
  await promisify(execFile)(process.execPath, [
    '--import',
    'tsx',
    'scripts/build.ts',
    '--metafile',
    'reports/metafile.json',
  ])
}
