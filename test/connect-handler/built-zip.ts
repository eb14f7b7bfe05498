import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { unzipSync } from 'fflate'
import { runInProcess } from '../cli/in-process.ts'

/**
 * Writes the files of a configuration, runs `curfew connect-handler build`, and unpacks the zip. The paths of what it made,
 * all in the folder `into`.
 */
export const buildInto = async (into: string, tree: Readonly<Record<string, string>>, args: readonly string[] = []) => {
  for (const [path, text] of Object.entries(tree)) {
    mkdirSync(join(into, 'config', dirname(path)), { recursive: true })
    writeFileSync(join(into, 'config', path), text)
  }
  const config = join(into, 'config', 'curfew.yaml')
  const zip = join(into, 'handler.zip')
  const { code, stdout, stderr } = await runInProcess([
    'connect-handler',
    'build',
    '--config',
    config,
    '--out',
    zip,
    ...args,
  ])
  if (code !== 0) throw new Error(`the build ended with exit code ${code}: ${stdout}${stderr}`)
  const entries = Object.entries(unzipSync(readFileSync(zip)))
  const taskRoot = join(into, 'task')
  mkdirSync(taskRoot, { recursive: true })
  for (const [name, bytes] of entries) writeFileSync(join(taskRoot, name), bytes)
  return { config, zip, names: entries.map(([name]) => name), taskRoot, handler: join(taskRoot, 'index.mjs') }
}
