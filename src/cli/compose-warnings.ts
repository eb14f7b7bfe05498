import { diskFiles } from '../adapters/files/config-files.ts'
import { hostClock } from '../adapters/host/clock.ts'
import { configurationWarnings, policyFileWarnings } from '../advice/file-warnings.ts'
import { sortProblems } from '../config/yaml/problem.ts'
import { readConfiguration, readPolicies } from './compose-files.ts'

/**
 * The daemon's file, with every problem of it and of all policies that it names. The warnings are included only if there is
 * no error.
 */
export const reviewConfiguration = (path: string) => {
  const loaded = readConfiguration(path)
  const { problems, configuration } = loaded
  if (configuration === undefined) return loaded
  const warnings = configurationWarnings(diskFiles, path, configuration, hostClock.now())
  return { ...loaded, problems: sortProblems([...problems, ...warnings]) }
}

/** The same for policy files and folders alone. */
export const reviewPolicies = (paths: readonly string[]) => {
  const { problems, policies } = readPolicies(paths)
  if (policies === undefined) return problems
  return sortProblems([...problems, ...policyFileWarnings(diskFiles, paths, policies, hostClock.now())])
}
