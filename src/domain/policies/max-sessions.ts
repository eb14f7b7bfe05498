import * as z from 'zod'
import { principalKeyOf } from '../connection.ts'
import { NEVER } from '../time/instant.ts'
import { ACROSS, type CountedConnection, definePolicyKind } from './policy.ts'

const keys = z.strictObject({
  limit: z.int().min(1).max(1000).meta({ description: 'How many connections a user may have.' }),
  across: z.enum(ACROSS).default('endpoint').meta({
    description:
      'Over which endpoints the connections of a user are counted: each endpoint alone, or all that this daemon watches.',
  }),
  evict: z.enum(['oldest', 'newest']).default('oldest').meta({
    description: 'Which connections end when there are more: those established first, or those established last.',
  }),
  countByCommonName: z.boolean().default(false).meta({
    description: 'Count connections without a user name by their common name, which several people may share.',
  }),
})

/** Every endpoint must find the same order, so that no two of them count different connections as surplus. */
const byEstablished = (a: CountedConnection, b: CountedConnection): number =>
  a.establishedAt - b.establishedAt || compare(a.id, b.id) || compare(a.endpointId, b.endpointId)

const compare = (a: string, b: string): number => Number(a > b) - Number(a < b)

export const maxSessions = definePolicyKind({
  kind: 'max-sessions',
  reason: 'session-limit',
  rank: 30,
  scope: 'connection',
  facts: 'snapshot',
  summary: 'Ends the surplus connections of a user who has more than `limit` connections.',
  whatToDo: 'Your other sessions go on. End one of them before you connect another device.',
  keys,
  fileKeys: [],
  namesUsers: false,
  // The hash of the policy leaves out what is undefined, so that it is what it was before this key existed.
  bind: ({ across, ...rule }) => ({ ...rule, across: across === 'all' ? across : undefined }),
  words: ({ limit, evict, across }) =>
    `of a user who has more than ${limit} ${across === 'all' ? 'over all endpoints' : 'on one endpoint'}: the ${evict} first`,
  // Over all endpoints a policy is stricter only while each has a fresh snapshot, so that neither covers the other.
  covers: (rule) => (other) =>
    rule.limit <= other.limit &&
    rule.evict === other.evict &&
    rule.across === other.across &&
    (rule.countByCommonName || !other.countByCommonName),
  counting: ({ limit, evict, countByCommonName, across }) => ({
    across: across ?? 'endpoint',
    limit,
    // Every judgement asks for all keys: a text is made only where a user and a device may have the same name.
    keyOf: countByCommonName ? principalKeyOf : ({ username }) => username,
    /** The i-th surplus connection became surplus when the i-th connection beyond `limit` was established. */
    surplus(together) {
      const ordered = [...together].sort(byEstablished)
      return new Map(
        ordered.slice(limit).flatMap((cause, index) => {
          const surplus = evict === 'oldest' ? ordered[index] : cause
          return surplus === undefined ? [] : [[surplus, cause.establishedAt] as const]
        }),
      )
    },
  }),
  judge:
    ({ limit, evict, across }) =>
    () => ({
      find({ id, establishedAt }, { surplus }) {
        if (establishedAt === undefined) return { word: 'unknown', until: NEVER, lacks: 'an established time' }
        if (surplus?.state === 'not-known') return { word: 'unknown', until: NEVER, lacks: surplus.lacks }
        const since = surplus?.since.get(id)
        return since === undefined ? { word: 'fine', until: NEVER } : { word: 'violated', since, until: NEVER }
      },
      because(_connection, { word }) {
        const over = across === 'all' ? 'user over all endpoints' : 'user and endpoint'
        const allowed = `at most ${limit === 1 ? '1 connection is' : `${limit} connections are`} allowed per ${over}`
        return word === 'violated'
          ? `surplus, as one of the ${evict} connections of this user: ${allowed}`
          : `not surplus: ${allowed}`
      },
    }),
})
