import type { Configuration } from '../config/configuration.ts'
import type { Instant } from '../domain/time/instant.ts'
import type { CurfewEvent } from './events.ts'
import { LONGEST_PART } from './policy-set-text.ts'

type UsersFileChanged = Extract<CurfewEvent, { event: 'users-file-changed' }>

/** The entries of each users file that a reload added and removed. A file that no policy names any more has none. */
export const usersFileChanges = (
  before: Configuration['usersFiles'],
  after: Configuration['usersFiles'],
  at: Instant,
): readonly UsersFileChanged[] =>
  [...new Set([...after.keys(), ...before.keys()])].flatMap((file) => {
    const [old, now] = [new Set(before.get(file)), new Set(after.get(file))]
    const added = [...now].filter((entry) => !old.has(entry))
    const removed = [...old].filter((entry) => !now.has(entry))
    if (added.length + removed.length === 0) return []
    return [{ event: 'users-file-changed', file, entries: now.size, added, removed, at }]
  })

interface Names {
  readonly added: readonly string[]
  readonly removed: readonly string[]
}

/** The names in as many parts as lines of the trail need: no name is left out. */
export const namesInParts = ({ added, removed }: Names): readonly Names[] => {
  const parts: Array<{ readonly added: string[]; readonly removed: string[] }> = []
  let room = 0
  const put = (key: keyof Names, name: string) => {
    room -= name.length + 1
    if (parts.length === 0 || room < 0) {
      parts.push({ added: [], removed: [] })
      room = LONGEST_PART - name.length - 1
    }
    parts.at(-1)?.[key].push(name)
  }
  for (const name of added) put('added', name)
  for (const name of removed) put('removed', name)
  return parts
}
