import * as z from 'zod'
import { type Connection, principalKeyOf } from '../connection.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { definePolicyKind, type Member } from './policy.ts'

const keys = z.strictObject({
  limit: z.int().min(1).max(1000).meta({ description: 'How many connections a user may have on an endpoint.' }),
  evict: z.enum(['oldest', 'newest']).default('oldest').meta({
    description: 'Which connections end when there are more: those established first, or those established last.',
  }),
  countByCommonName: z.boolean().default(false).meta({
    description: 'Count connections without a user name by their common name, which several people may share.',
  }),
})

type Counted = Connection & { readonly establishedAt: Instant }

const byEstablished = (a: Counted, b: Counted) => a.establishedAt - b.establishedAt || (a.id < b.id ? -1 : 1)

export const maxSessions = definePolicyKind({
  kind: 'max-sessions',
  reason: 'session-limit',
  rank: 30,
  scope: 'connection',
  facts: 'snapshot',
  summary: 'Ends the surplus connections of a user who has more than `limit` connections on an endpoint.',
  keys,
  fileKeys: [],
  namesUsers: false,
  bind: (rule) => rule,
  covers: (rule) => (other) =>
    rule.limit <= other.limit && rule.evict === other.evict && (rule.countByCommonName || !other.countByCommonName),
  /** The i-th surplus connection became surplus when the i-th connection beyond `limit` was established. */
  surplus:
    ({ limit, evict, countByCommonName }) =>
    (members) => {
      const countedAs = ({ connection: { establishedAt }, principal: { username, commonName } }: Member) => {
        if (establishedAt === undefined) return undefined
        return principalKeyOf({ username, commonName: countByCommonName ? commonName : undefined })
      }
      // Most people stay within the limit. Only the connections of the others are collected and sorted.
      const counts = new Map<string, number>()
      const overLimit = new Map<string, Counted[]>()
      for (const member of members) {
        const name = countedAs(member)
        if (name === undefined) continue
        const count = (counts.get(name) ?? 0) + 1
        counts.set(name, count)
        if (count === limit + 1) overLimit.set(name, [])
      }
      const since = new Map<string, Instant>()
      if (overLimit.size === 0) return since
      for (const member of members) overLimit.get(countedAs(member) ?? '')?.push(member.connection as Counted)
      for (const counted of overLimit.values()) {
        counted.sort(byEstablished)
        counted.slice(limit).forEach((cause, index) => {
          const surplus = evict === 'oldest' ? counted[index] : cause
          if (surplus !== undefined) since.set(surplus.id, cause.establishedAt)
        })
      }
      return since
    },
  judge:
    ({ limit, evict }) =>
    () => ({
      find({ id, establishedAt }, history) {
        if (establishedAt === undefined) return { word: 'unknown', until: NEVER, lacks: 'an established time' }
        const since = history.surplusSince?.(id)
        return since === undefined ? { word: 'fine', until: NEVER } : { word: 'violated', since, until: NEVER }
      },
      because(_connection, { word }) {
        const allowed = `at most ${limit === 1 ? '1 connection is' : `${limit} connections are`} allowed per user and endpoint`
        return word === 'violated'
          ? `surplus, as one of the ${evict} connections of this user: ${allowed}`
          : `not surplus: ${allowed}`
      },
    }),
})
