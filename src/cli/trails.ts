import { complain, OperatorError, UsageError } from './command.ts'
import { filesOfTrail, fileTrail, isAuditFile } from './compose-audit.ts'
import { readToShow } from './compose-files.ts'
import { configurationOrComplain } from './problems.ts'
import type { Trails } from './trail.ts'

/** The option with which a command reads the chains of some units. */
export const UNIT_OPTION = {
  unit: {
    value: 'KEY',
    summary: 'only the units with this part in their keys, such as an account or a Region; for a trail in a database',
  },
} as const

/**
 * The trails that a command is about: that of the files that are given, else the one that the daemon's file names, which
 * is in files or in a database. Undefined if that file has errors, which are printed then.
 */
export const trailsOrComplain = async (
  command: string,
  given: readonly string[],
  { configPath, unit }: { readonly configPath: string; readonly unit: string | undefined },
): Promise<Trails | undefined> => {
  if (given.length > 0) {
    if (unit !== undefined) throw new UsageError('--unit: files are one trail, and only a database has units')
    const files = given.filter(isAuditFile)
    if (files.length > 0) return ofFiles(files)
    throw new OperatorError(`${given.join(', ')}: expected an audit file, found only locks or torn ends`)
  }
  const { configuration } = configurationOrComplain(readToShow(configPath))
  if (configuration === undefined) {
    complain(`curfew: fix the errors, or name the files of the trail: curfew ${command}`)
    return undefined
  }
  const { engine, audit } = configuration
  if (engine.kind === 'postgres') return (await import('./compose-chains.ts')).openChains(engine, unit)
  if (unit !== undefined) throw new UsageError('--unit: the trail is in files, and only a database has units')
  return ofFiles(await filesOfTrail(audit.file))
}

const ofFiles = (files: readonly string[]): Trails => ({
  all: [fileTrail(files)],
  [Symbol.asyncDispose]: async () => {},
})
