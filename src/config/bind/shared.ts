import { type Pattern, parsePattern } from '../../domain/names/pattern.ts'
import type { UserEntry } from '../../domain/names/user-list.ts'
import type { Shared } from '../../domain/policies/policy.ts'
import type { ReportOptions, YamlFile } from '../yaml/yaml-file.ts'
import type { Path } from '../yaml/yaml-tree.ts'
import type { References, TextFile } from './references.ts'
import { unlikelyName } from './unlikely-name.ts'
import { hiddenCharacter } from './users-file.ts'
import { type Definition, groupNameOf } from './vocabulary.ts'

/** The same, with the lists of users that were asked for. */
interface BindingShared extends Shared {
  /** Reports each list that is costly. All of its entries must have been asked for. */
  reportCosts(): void
}

/**
 * What `bind` of a policy kind needs: the groups, calendars and files that the policy at `path` refers to, and a way to
 * report problems.
 */
export const sharedOf = (
  file: YamlFile,
  path: Path,
  policy: Readonly<Record<string, unknown>>,
  references: References,
  name: string | undefined,
): BindingShared => {
  const { vocabulary } = references
  const textFiles = new Map<string, TextFile>()

  const textFileAt = ([key, line]: readonly (string | number)[]) =>
    typeof line === 'number' ? textFiles.get(String(key)) : undefined
  const report = (at: readonly (string | number)[], message: string, options: ReportOptions) => {
    const [, line] = at
    const textFile = textFileAt(at)
    if (textFile !== undefined) textFile.problem(Number(line), message, name, options.severity)
    else file.problem([...path, ...at], message, options)
  }
  const problem = (at: readonly (string | number)[], message: string, known?: Iterable<string>, word?: string) =>
    report(at, message, { known, ...(word === undefined ? {} : { word }) })
  /** The value of a name. A missing name is not reported if a file could not be read, for that file may define it. */
  const lookUp = <Value>(
    word: string,
    definitions: ReadonlyMap<string, Definition<Value>>,
    wanted: string,
    at: readonly (string | number)[],
  ) => {
    const found = definitions.get(wanted)
    found?.use()
    if (found === undefined && !vocabulary.incomplete) {
      const message = `there is no ${word} "${wanted}": define it under "${word}s" in any policy file`
      problem(at, message, definitions.keys(), wanted)
    }
    return found?.value
  }

  /** The patterns of each list, by its path. */
  const lists = new Map<string, { readonly at: readonly (string | number)[]; readonly patterns: Pattern[] }>()

  const listed = (entries: readonly UserEntry[] | undefined, at: readonly (string | number)[]) => {
    const [first, second] = at
    const key = typeof second === 'string' ? `${first}.${second}` : String(first)
    const list = lists.get(key) ?? { at: key.split('.'), patterns: [] }
    lists.set(key, list)
    for (const { pattern } of entries ?? []) list.patterns.push(pattern)
    return entries
  }

  return {
    problem,
    calendar: (wanted, at) => lookUp('calendar', vocabulary.calendars, wanted, at),
    entries(text, at) {
      const group = groupNameOf(text)
      if (group !== undefined) {
        if (textFiles.has(String(at[0]))) {
          problem(
            at,
            `"${text}": a file of users cannot hold a group: write the members here, or name the group under "users"`,
          )
          return undefined
        }
        return listed(lookUp('group', vocabulary.groups, group, at), at)
      }
      const hidden = textFileAt(at) && hiddenCharacter(text)
      const parsed = hidden === undefined ? parsePattern(text) : { problem: hidden }
      if ('problem' in parsed) {
        problem(at, parsed.problem)
        return undefined
      }
      const doubt = unlikelyName(text, textFileAt(at) === undefined ? 'yaml' : 'text')
      if (doubt !== undefined) report(at, doubt, { severity: 'warning' })
      return listed([{ from: undefined, pattern: parsed.pattern, reason: undefined, until: undefined }], at)
    },
    file(key) {
      const named = policy[key]
      if (typeof named !== 'string') return undefined
      const found = references.textFile(file, named, (message) => file.problem([...path, key], message))
      if (found !== undefined) textFiles.set(key, found)
      return found?.entries
    },
    reportCosts() {
      for (const { at, patterns } of lists.values()) {
        const found = references.costly(patterns)
        if (found !== undefined) report(at, found.message, { severity: found.severity })
      }
    },
  }
}
