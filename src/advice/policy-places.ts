import { groupNameOf } from '../config/bind/vocabulary.ts'
import type { ConfigFiles } from '../config/config-files.ts'
import { listPolicyFiles, type NamedPath } from '../config/policy-file-list.ts'
import type { Problem } from '../config/yaml/problem.ts'
import { readYaml, type YamlFile } from '../config/yaml/yaml-file.ts'
import type { Path } from '../config/yaml/yaml-tree.ts'
import type { Policy } from '../domain/policies/policy.ts'

/** Reports warnings at the places where policies are written. */
export interface PolicyPlaces {
  /** Warns at a path inside of a policy. In lists of users, the indexes of the path count the members of groups. */
  warn(policy: Policy, path: readonly (string | number)[], message: string): void
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
  const places = new Map<unknown, { readonly file: YamlFile; readonly path: Path }>()
  const groupSizes = new Map<string, number>()
  for (const file of yamlFiles) {
    for (const [index, policy] of listAt(file.value, ['policies']).entries()) {
      places.set(valueAt(policy, ['name']), { file, path: ['policies', index] })
    }
    for (const name of Object.keys((valueAt(file.value, ['groups']) ?? {}) as object)) {
      groupSizes.set(name, listAt(file.value, ['groups', name]).length)
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
  const sizeOf = (entry: unknown): number => {
    const text = typeof entry === 'string' ? entry : valueAt(entry, ['pattern'])
    const group = typeof text === 'string' ? groupNameOf(text) : undefined
    return group === undefined ? 1 : (groupSizes.get(group) ?? 1)
  }

  const warnAt = (file: YamlFile, from: Path, path: readonly (string | number)[], message: string) => {
    const at: PropertyKey[] = [...from]
    for (const step of path) {
      const list = typeof step === 'number' ? valueAt(file.value, at) : undefined
      at.push(typeof step === 'number' && Array.isArray(list) ? (indexesOf(list)[step] ?? step) : step)
    }
    file.problem(at, message, { severity: 'warning', at: valueAt(file.value, at) instanceof Object ? 'key' : 'value' })
  }

  return {
    warn(policy, path, message) {
      const place = places.get(policy.name)
      if (place !== undefined) warnAt(place.file, place.path, path, message)
    },
    warnIn: (file, path, message) => warnAt(file, [], path, message),
  }
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
