import type { Recording } from '../recording/recorded-session.ts'
import type { Cut } from './outcome.ts'
import { createPersonOf } from './person.ts'

/** The findings of a replay about one person. */
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
  const people = new Map<string, Counting>()
  for (const session of sessions) {
    const { username, commonName, connectionId, establishedAt, endedAt } = session
    const key = personOf(session)
    if (key === undefined) continue
    const person = people.get(key) ?? { key, name: '', sessions: 0, upMs: 0, ended: 0, savedMs: 0, policies: new Map() }
    people.set(key, person)
    person.name = username ?? commonName ?? ''
    person.sessions++
    person.upMs += endedAt - establishedAt
    const cut = ends.get(connectionId)
    if (cut === undefined) continue
    person.ended++
    person.savedMs += endedAt - cut.at
    person.policies.set(cut.policy.name, (person.policies.get(cut.policy.name) ?? 0) + 1)
  }
  return [...people.values()]
    .sort((a, b) => b.ended - a.ended || b.savedMs - a.savedMs || (a.key < b.key ? -1 : 1))
    .map((one) => ({
      ...one,
      policies: [...one.policies].sort(([, a], [, b]) => b - a).map(([name]) => name),
    }))
}

type Counting = { -readonly [Field in Exclude<keyof PersonCounts, 'policies'>]: PersonCounts[Field] } & {
  readonly policies: Map<string, number>
}
