import type { Policy } from '../../domain/policies/policy.ts'
import { bindPolicyFiles } from '../bind/bind-policy-files.ts'
import type { ConfigFiles } from '../config-files.ts'
import { resolvePath } from '../config-paths.ts'
import type { NamedPath } from '../policy-file-list.ts'
import { hasErrors, type Problem, sortProblems } from '../yaml/problem.ts'
import { readKeys } from '../yaml/read-keys.ts'
import { readYaml, type YamlFile } from '../yaml/yaml-file.ts'
import { bindCase, type NamedCase } from './policy-test-case.ts'
import { testFileKeys } from './policy-test-schema.ts'

interface PolicyTest {
  readonly policies: readonly Policy[]
  readonly cases: readonly NamedCase[]
}

interface LoadedPolicyTest {
  /** The problems of the file and of the policies that it names, sorted by file and place. */
  readonly problems: readonly Problem[]
  /** Undefined if a problem is an error. */
  readonly test: PolicyTest | undefined
}

/** Loads a policy test file and the policies that it names. Never throws: every mistake is in `problems`. */
export const loadPolicyTest = (files: ConfigFiles, path: string): LoadedPolicyTest => {
  const problems: Problem[] = []
  const report = (problem: Problem) => problems.push(problem)
  const read = files.read(path)
  if ('why' in read) {
    report({ severity: 'error', file: path, line: 1, column: 1, message: `the file cannot be read: ${read.why}` })
    return { problems, test: undefined }
  }
  const file = readYaml(path, read.bytes, report)
  const test = file.value === undefined ? undefined : bindTest(files, file, report)
  return { problems: sortProblems(problems), test: hasErrors(problems) ? undefined : test }
}

const bindTest = (files: ConfigFiles, file: YamlFile, report: (problem: Problem) => void): PolicyTest => {
  const other = otherFile(file.value)
  if (other !== undefined) {
    file.problem([other.key], other.message, { at: 'key' })
    return { policies: [], cases: [] }
  }
  const keys = readKeys(file, testFileKeys, [], file.value, 'write "version: 1", "policies:" and "cases:"')
  const { policies, incomplete } = readPolicies(files, file, keys.policies, report)
  const known = incomplete ? undefined : new Set(policies.map(({ name }) => name))
  return {
    policies,
    cases: (keys.cases ?? []).flatMap((written, index) => bindCase(file, ['cases', index], written, known) ?? []),
  }
}

/** A file of another kind that was given as a policy test: the key that shows it, and what to do with it. */
const otherFile = (value: unknown): { readonly key: string; readonly message: string } | undefined => {
  if (typeof value !== 'object' || value === null || 'cases' in value) return undefined
  if ('watch' in value) return { key: 'watch', message: `this is the daemon's own file, not a policy test: ${CHECKS}` }
  const policies: unknown = 'policies' in value ? value.policies : undefined
  if (!Array.isArray(policies) || !policies.some((entry) => typeof entry === 'object')) return undefined
  return { key: 'policies', message: `this is a file of policies, not a policy test: ${CHECKS}` }
}

const CHECKS = '"curfew validate" checks it, and a policy test has "cases"'

const readPolicies = (
  files: ConfigFiles,
  file: YamlFile,
  paths: readonly string[] | undefined,
  report: (problem: Problem) => void,
): { readonly policies: readonly Policy[]; readonly incomplete: boolean } => {
  if (paths === undefined) return { policies: [], incomplete: true }
  let incomplete = file.isFlawed(['policies'])
  const named = paths.map((written, index): NamedPath => {
    const problem: NamedPath['problem'] = (message, severity = 'error') => {
      incomplete ||= severity === 'error'
      file.problem(['policies', index], message, { severity })
    }
    return { path: resolvePath(file.path, written), roots: undefined, problem }
  })
  const { policies } = bindPolicyFiles(
    files,
    named,
    undefined,
    (problem) => {
      incomplete ||= problem.severity === 'error'
      report(problem)
    },
    () => {},
  )
  if (policies.length === 0 && !incomplete) {
    file.problem(['policies'], 'no policy was found: name a file that contains policies')
    incomplete = true
  }
  return { policies: policies.map(({ policy }) => policy), incomplete }
}
