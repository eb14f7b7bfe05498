import { diskFiles } from '../adapters/files/config-files.ts'
import { writeNewFiles } from '../adapters/files/new-files.ts'
import { isCurfewFile, loadConfiguration, loadPolicies } from '../config/load.ts'
import { loadPolicyTest } from '../config/policy-tests/policy-test-file.ts'
import { listPolicyTests, usualTestFolders } from '../config/policy-tests/policy-test-list.ts'
import type { Problem } from '../config/yaml/problem.ts'

/** Functions that need only the disk. Commands that do not call AWS use these, and so do not load its SDK. */

const sourceOf = (path: string) => ({ namedBy: path === process.env.CURFEW_CONFIG ? 'CURFEW_CONFIG' : undefined })

/** A configuration that is to be in force: a policy set that is not approved is an error. */
export const readConfiguration = (path: string) => loadConfiguration(diskFiles, path, sourceOf(path))

/** A configuration for a command that puts nothing in force: a policy set that is not approved is a warning. */
export const readToShow = (path: string) =>
  loadConfiguration(diskFiles, path, { unapproved: 'warning', ...sourceOf(path) })

/** Whether a file is a daemon's, which says what to watch. */
export const isDaemonFile = (path: string): boolean => isCurfewFile(diskFiles, path)

/** A configuration with policy files and folders in place of those that the daemon's file names. */
export const readWithPolicies = (configPath: string, policies: readonly string[]) =>
  loadConfiguration(diskFiles, configPath, { policies, unapproved: 'warning', ...sourceOf(configPath) })

/**
 * A configuration after an edit that is not saved yet. `path` is another daemon's file, or a policy file or folder that
 * takes the place of those in the daemon's file.
 */
export const readEdit = (configPath: string, path: string) =>
  isDaemonFile(path) ? readToShow(path) : readWithPolicies(configPath, [path])

export const readPolicies = (paths: readonly string[]) => loadPolicies(diskFiles, paths)

export const readPolicyTest = (path: string) => loadPolicyTest(diskFiles, path)

/** The policy test files at the paths; without paths, those beside the policies that the daemon's file names. */
export const findPolicyTests = (paths: readonly string[], configPath: string, report: (problem: Problem) => void) =>
  listPolicyTests(
    diskFiles,
    paths.length > 0 ? paths : usualTestFolders(diskFiles, configPath, report, sourceOf(configPath).namedBy),
    report,
  )

export const writeFiles = (folder: string, texts: ReadonlyMap<string, string>) => writeNewFiles(folder, texts)
