import { diskFiles } from '../adapters/files/config-files.ts'
import { loadConfiguration, loadPolicies } from '../config/load.ts'

/** What needs only the disk: a command that does not talk to AWS does not load its SDK. */

export const readConfiguration = (path: string) => loadConfiguration(diskFiles, path)

export const readPolicies = (paths: readonly string[]) => loadPolicies(diskFiles, paths)
