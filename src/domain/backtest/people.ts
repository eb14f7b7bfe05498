import type { Recording } from '../recording/recorded-session.ts'
import type { Cut } from './outcome.ts'
import { createPersonOf } from './person.ts'

/** What a replay found about one person. */
export interface PersonCounts {
  readonly key: string
  /** As the newest session spells it. */
  readonly name: string
  readonly sessions: number
  readonly upMs: number
  readonly ended: number
  readonly savedMs: number
  /** The policies that lead the ends of its sessions, most ends first. */
  readonly policies: readonly string[]
}

/** The people of a recording, those who are ended most often first. Sessions without a name are nobody's. */
export const peopleOf = ({ sessions }: Recording, cuts: readonly Cut[]): readonly PersonCounts[] => {
  const ends = new Map(cuts.map((cut) => [cut.session.connectionId, cut]))
  const personOf = createPersonOf()
  const people = new Map<string, Omit<PersonCounts, 'policies'> & { policies: Map<string, number> }>()
  for (const session of sessions) {
    const { username, commonName, connectionId, establishedAt, endedAt } = session
    const key = personOf(session)
    if (key === undefined) continue
    const before = people.get(key)
    const cut = ends.get(connectionId)
    const policies = before?.policies ?? new Map<string, number>()
    if (cut !== undefined) policies.set(cut.policy.name, (policies.get(cut.policy.name) ?? 0) + 1)
    people.set(key, {
      key,
      name: username ?? commonName ?? '',
      sessions: (before?.sessions ?? 0) + 1,
      upMs: (before?.upMs ?? 0) + endedAt - establishedAt,
      ended: (before?.ended ?? 0) + (cut === undefined ? 0 : 1),
      savedMs: (before?.savedMs ?? 0) + (cut === undefined ? 0 : endedAt - cut.at),
      policies,
    })
  }
  return [...people.values()]
    .sort((a, b) => b.ended - a.ended || b.savedMs - a.savedMs || (a.key < b.key ? -1 : 1))
    .map((one) => ({
      ...one,
      policies: [...one.policies].sort(([, a], [, b]) => b - a).map(([name]) => name),
    }))
}
