import { complain, OperatorError } from './command.ts'
import { filesOfTrail, isAuditFile } from './compose-audit.ts'
import { readToShow } from './compose-files.ts'
import { configurationOrComplain } from './problems.ts'

/**
 * The audit files that a command is about: those given, else all of the trail that the daemon's file names. Undefined if
 * that file has errors, which are printed then.
 */
export const trailOrComplain = async (
  command: string,
  given: readonly string[],
  configPath: string,
): Promise<readonly string[] | undefined> => {
  if (given.length > 0) {
    const files = given.filter(isAuditFile)
    if (files.length > 0) return files
    throw new OperatorError(`${given.join(', ')}: expected an audit file, found only locks or torn ends`)
  }
  const { configuration } = configurationOrComplain(readToShow(configPath))
  if (configuration !== undefined) return filesOfTrail(configuration.audit.file)
  complain(`curfew: fix the errors, or name the files of the trail: curfew ${command}`)
  return undefined
}
