import type { Configuration } from '../config/configuration.ts'
import type { CurfewEvent } from './events.ts'

/** How many entries of each users file a reload added and removed. */
export const usersFileChanges = (
  before: Configuration['usersFiles'],
  after: Configuration['usersFiles'],
): readonly Extract<CurfewEvent, { event: 'users-file-changed' }>[] =>
  [...after].flatMap(([file, entries]) => {
    const [old, now] = [new Set(before.get(file)), new Set(entries)]
    const added = [...now].filter((entry) => !old.has(entry)).length
    const removed = [...old].filter((entry) => !now.has(entry)).length
    return added + removed === 0 ? [] : [{ event: 'users-file-changed', file, entries: now.size, added, removed }]
  })
