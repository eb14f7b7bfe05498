import { parsePattern } from '../../domain/names/pattern.ts'
import type { Shared } from '../../domain/policies/policy.ts'
import type { YamlFile } from '../yaml/yaml-file.ts'
import type { Path } from '../yaml/yaml-tree.ts'
import type { References, TextFile } from './references.ts'
import { type Definition, GROUP } from './vocabulary.ts'

/** What the parts of a policy (at `path`, called `name`) refer to, and a way to say what is wrong with them. */
export const sharedOf = (
  file: YamlFile,
  path: Path,
  policy: Readonly<Record<string, unknown>>,
  references: References,
  name: string | undefined,
): Shared => {
  const { vocabulary } = references
  const textFiles = new Map<string, TextFile>()

  const problem = (at: readonly (string | number)[], message: string, known?: Iterable<string>, word?: string) => {
    const [key, line] = at
    const textFile = textFiles.get(String(key))
    if (textFile !== undefined && typeof line === 'number') textFile.problem(line, message, name)
    else file.problem([...path, ...at], message, { known, ...(word === undefined ? {} : { word }) })
  }
  /** What a name stands for; a name that is missing may be defined in a file that could not be read. */
  const lookUp = <Value>(
    word: string,
    names: ReadonlyMap<string, Definition<Value>>,
    called: string,
    at: readonly (string | number)[],
  ) => {
    const found = names.get(called)
    found?.use()
    if (found === undefined && !vocabulary.incomplete) {
      const message = `there is no ${word} "${called}": define it under "${word}s" in any policy file`
      problem(at, message, names.keys(), called)
    }
    return found?.value
  }

  return {
    problem,
    calendar: (called, at) => lookUp('calendar', vocabulary.calendars, called, at),
    patterns(text, at) {
      if (text.startsWith(GROUP)) {
        if (textFiles.has(String(at[0]))) {
          problem(
            at,
            `"${text}": a group has no place in a file of users: write its members, or name the group under "users"`,
          )
          return undefined
        }
        return lookUp('group', vocabulary.groups, text.slice(GROUP.length), at)
      }
      const parsed = parsePattern(text)
      if ('pattern' in parsed) return [parsed.pattern]
      problem(at, parsed.problem)
      return undefined
    },
    file(key) {
      const named = policy[key]
      if (typeof named !== 'string') return undefined
      const found = references.textFile(file, named, (message) => file.problem([...path, key], message))
      if (found !== undefined) textFiles.set(key, found)
      return found?.entries
    },
  }
}
