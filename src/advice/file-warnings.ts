import type { ConfigFiles } from '../config/config-files.ts'
import type { Configuration } from '../config/configuration.ts'
import { namedPolicies, policyRoots } from '../config/policy-roots.ts'
import { type Problem, sortProblems } from '../config/yaml/problem.ts'
import { readYaml, type YamlFile } from '../config/yaml/yaml-file.ts'
import type { Policy } from '../domain/policies/policy.ts'
import type { Instant } from '../domain/time/instant.ts'
import { createPolicyPlaces, type PolicyPlaces } from './policy-places.ts'
import { type PolicyWarning, policyWarnings } from './policy-warnings.ts'
import { postureWarnings } from './posture-warnings.ts'

/** Warnings about parts of a valid configuration, loaded from `path`, that are probably not what the operator wants. */
export const configurationWarnings = (
  files: ConfigFiles,
  path: string,
  { policies, protect, watch, connectHandler }: Configuration,
  now: Instant,
): readonly Problem[] => {
  // Discovered endpoints are not known yet.
  const places = watch.some(({ discover }) => discover !== undefined)
    ? undefined
    : watch.flatMap(({ region, endpoints }) => endpoints.map(({ id }) => ({ endpointId: id, region })))
  const warnings = [
    ...policyWarnings({ policies, protect, places, now }),
    ...postureWarnings(policies, connectHandler.posture),
  ]
  return problemsOf(warnings, (report) => {
    const read = files.read(path)
    if ('why' in read) return undefined
    const file = readYaml(path, read.bytes, report)
    const textsAt = (key: 'policies' | 'readFrom') => {
      const written = (file.value as Readonly<Record<string, unknown>> | null | undefined)?.[key]
      return Array.isArray(written) ? written.filter((one) => typeof one === 'string') : []
    }
    const roots = policyRoots(files, file, textsAt('readFrom'), () => {})
    const named = namedPolicies(files, path, textsAt('policies'), roots, () => {})
    return { file, places: createPolicyPlaces(files, named, report) }
  })
}

/**
 * The same for policies that were loaded from `paths` without the daemon's file: `protect` is empty, and the watched
 * endpoints are unknown.
 */
export const policyFileWarnings = (
  files: ConfigFiles,
  paths: readonly string[],
  policies: readonly Policy[],
  now: Instant,
): readonly Problem[] =>
  problemsOf(policyWarnings({ policies, protect: [], places: undefined, now }), (report) => {
    const named = paths.map((path) => ({ path, roots: undefined, problem: () => {} }))
    return { file: undefined, places: createPolicyPlaces(files, named, report) }
  })

type Report = (problem: Problem) => void

/** The warnings as problems with places. Without a warning no file is read. */
const problemsOf = (
  warnings: readonly PolicyWarning[],
  read: (report: Report) => { readonly file: YamlFile | undefined; readonly places: PolicyPlaces } | undefined,
): readonly Problem[] => {
  if (warnings.length === 0) return []
  const problems: Problem[] = []
  const found = read((problem) => problems.push(problem))
  for (const { policy, path, message, isNote } of warnings) {
    if (policy !== undefined) found?.places.warn(policy, path, message, isNote ? 'note' : 'warning')
    else if (found?.file !== undefined) found.places.warnIn(found.file, path, message)
  }
  return sortProblems(problems.filter(({ severity }) => severity !== 'error'))
}
