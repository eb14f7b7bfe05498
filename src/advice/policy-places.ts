import { groupNameOf } from '../config/bind/vocabulary.ts'
import type { ConfigFiles } from '../config/config-files.ts'
import { listPolicyFiles, type NamedPath } from '../config/policy-file-list.ts'
import type { Problem } from '../config/yaml/problem.ts'
import { readYaml, type YamlFile } from '../config/yaml/yaml-file.ts'
import type { Path } from '../config/yaml/yaml-tree.ts'
import type { Policy } from '../domain/policies/policy.ts'
import { NEVER } from '../domain/time/instant.ts'
import { parseInstant } from '../domain/time/instant-text.ts'

type Severity = 'warning' | 'note'

/** Reports warnings at the places where policies are written. */
export interface PolicyPlaces {
  /**
   * Warns at a path inside of a policy. In lists of users, the indexes of the path count the entries of groups. A warning
   * about the end of an entry stands where that end is written, which may be in a group.
   */
  warn(policy: Policy, path: readonly (string | number)[], message: string, severity: Severity): void
  /** Warns at a path of a file, with indexes that count in the same way. */
  warnIn(file: YamlFile, path: readonly (string | number)[], message: string): void
}

/**
 * Reads the policy files again for lines and columns. Warnings about policies that a file no longer contains are
 * dropped.
 */
export const createPolicyPlaces = (
  files: ConfigFiles,
  named: readonly NamedPath[],
  report: (problem: Problem) => void,
): PolicyPlaces => {
  const yamlFiles = listPolicyFiles(files, named, () => {}).flatMap((path) => {
    const read = files.read(path)
    return 'bytes' in read ? [readYaml(path, read.bytes, report)] : []
  })
  const places = new Map<unknown, Place>()
  const groups = new Map<string, Place>()
  for (const file of yamlFiles) {
    for (const [index, policy] of listAt(file.value, ['policies']).entries()) {
      places.set(valueAt(policy, ['name']), { file, path: ['policies', index] })
    }
    for (const name of Object.keys((valueAt(file.value, ['groups']) ?? {}) as object)) {
      groups.set(name, { file, path: ['groups', name] })
    }
  }

  const indexes = new Map<object, readonly number[]>()
  /** For each member of a list with groups resolved, the index of the entry that contains it. */
  const indexesOf = (list: readonly unknown[]): readonly number[] => {
    const known = indexes.get(list)
    if (known !== undefined) return known
    const entryIndexes = list.flatMap((entry, index) => Array<number>(sizeOf(entry)).fill(index))
    indexes.set(list, entryIndexes)
    return entryIndexes
  }
  const groupOf = (entry: unknown): Place | undefined => {
    const text = typeof entry === 'string' ? entry : valueAt(entry, ['pattern'])
    const name = typeof text === 'string' ? groupNameOf(text) : undefined
    return name === undefined ? undefined : groups.get(name)
  }
  const sizeOf = (entry: unknown): number => {
    const group = groupOf(entry)
    return group === undefined ? 1 : listAt(group.file.value, group.path).length
  }
  /** Several policies may use the same group. */
  const reported = new Set<string>()
  const warnOnce = ({ file, path }: Place, message: string) => {
    const key = JSON.stringify([file.path, path])
    if (!reported.has(key)) file.problem(path, message, { severity: 'warning' })
    reported.add(key)
  }

  const warnAt = (
    file: YamlFile,
    from: Path,
    path: readonly (string | number)[],
    message: string,
    severity: Severity = 'warning',
  ) => {
    const at: PropertyKey[] = [...from]
    for (const step of path) {
      const list = typeof step === 'number' ? valueAt(file.value, at) : undefined
      if (typeof step !== 'number' || !Array.isArray(list)) {
        at.push(step)
        continue
      }
      const indexes = indexesOf(list)
      const index = indexes[step] ?? step
      at.push(index)
      const group = path.at(-1) === 'until' ? groupOf(list[index]) : undefined
      const end = group && [...group.path, step - indexes.indexOf(index), 'until']
      if (group === undefined || end === undefined || !endsFirst(valueAt(group.file.value, end), list[index])) continue
      return warnOnce({ file: group.file, path: end }, message)
    }
    file.problem(at, message, { severity, at: valueAt(file.value, at) instanceof Object ? 'key' : 'value' })
  }

  return {
    warn(policy, path, message, severity) {
      const place = places.get(policy.name)
      if (place !== undefined) warnAt(place.file, place.path, path, message, severity)
    },
    warnIn: (file, path, message) => warnAt(file, [], path, message),
  }
}

interface Place {
  readonly file: YamlFile
  readonly path: Path
}

/** Whether a group's entry ends, and no later than the entry that names the group. */
const endsFirst = (written: unknown, naming: unknown): boolean => {
  const endOf = (text: unknown) => {
    const parsed = typeof text === 'string' ? parseInstant(text) : { at: NEVER }
    return 'at' in parsed ? parsed.at : NEVER
  }
  return written !== undefined && endOf(written) <= endOf(valueAt(naming, ['until']))
}

const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (found, step) =>
      typeof found === 'object' && found !== null && Object.hasOwn(found, step)
        ? (found as Record<PropertyKey, unknown>)[step]
        : undefined,
    value,
  )

const listAt = (value: unknown, path: Path): readonly unknown[] => {
  const list = valueAt(value, path)
  return Array.isArray(list) ? list : []
}
