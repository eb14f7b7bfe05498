import * as z from 'zod'
import type { Connection } from '../connection.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { definePolicyKind, type Member } from './policy.ts'

const keys = z.strictObject({
  limit: z.int().min(1).max(1000).meta({ description: 'How many connections a person may have on an endpoint.' }),
  evict: z
    .enum(['oldest', 'newest'])
    .default('oldest')
    .meta({ description: 'Which go when there are more: the first established or the last.' }),
  countByCommonName: z
    .boolean()
    .default(false)
    .meta({ description: 'Count connections without a user name by their common name, which people may share.' }),
})

type Counted = Connection & { readonly establishedAt: Instant }

const byEstablished = (a: Counted, b: Counted) => a.establishedAt - b.establishedAt || (a.id < b.id ? -1 : 1)

export const maxSessions = definePolicyKind({
  kind: 'max-sessions',
  reason: 'session-limit',
  rank: 30,
  scope: 'connection',
  facts: 'snapshot',
  summary: 'Ends connections of a person who has more than `limit` of them on an endpoint.',
  keys,
  fileKeys: [],
  namesUsers: false,
  bind: (rule) => rule,
  covers: (rule) => (other) =>
    rule.limit <= other.limit && rule.evict === other.evict && (rule.countByCommonName || !other.countByCommonName),
  /** The i-th victim is one too many since the connection was established that made it so. */
  crowd:
    ({ limit, evict, countByCommonName }) =>
    (members) => {
      const who = ({ connection: { establishedAt }, person: { username, commonName } }: Member) => {
        if (establishedAt === undefined) return undefined
        return username ?? (countByCommonName && commonName !== undefined ? `cn:${commonName}` : undefined)
      }
      // Most people have few connections: only those who have too many are gathered.
      const counts = new Map<string, number>()
      const tooMany = new Map<string, Counted[]>()
      for (const member of members) {
        const name = who(member)
        if (name === undefined) continue
        const count = (counts.get(name) ?? 0) + 1
        counts.set(name, count)
        if (count === limit + 1) tooMany.set(name, [])
      }
      const since = new Map<string, Instant>()
      if (tooMany.size === 0) return since
      for (const member of members) tooMany.get(who(member) ?? '')?.push(member.connection as Counted)
      for (const counted of tooMany.values()) {
        counted.sort(byEstablished)
        counted.slice(limit).forEach((cause, index) => {
          const victim = evict === 'oldest' ? counted[index] : cause
          if (victim !== undefined) since.set(victim.id, cause.establishedAt)
        })
      }
      return since
    },
  judge:
    ({ limit, evict }) =>
    () => ({
      find({ id, establishedAt }, history) {
        if (establishedAt === undefined) return { word: 'unknown', until: NEVER, lacks: 'the time it was established' }
        const since = history.crowdedSince?.(id)
        return since === undefined ? { word: 'fine', until: NEVER } : { word: 'violated', since, until: NEVER }
      },
      because(_connection, { word }) {
        const allowed = limit === 1 ? 'one connection' : `${limit} connections`
        return word === 'violated'
          ? `more than ${allowed} at once, and this is among the ${evict}`
          : `at most ${allowed} at once`
      },
    }),
})
