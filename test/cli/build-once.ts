import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** The tests of the commands run the bundle that ships. */
export const setup = async () => {
  await promisify(execFile)(process.execPath, ['--import', 'tsx', 'scripts/build.ts'])
}
