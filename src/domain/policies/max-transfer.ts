import * as z from 'zod'
import type { Connection } from '../connection.ts'
import { formatSize, size } from '../size.ts'
import { NEVER } from '../time/instant.ts'
import { definePolicyKind, type Judge } from './policy.ts'

const keys = z
  .strictObject({
    ingress: size.optional().meta({ description: 'Bytes that the client may send.' }),
    egress: size.optional().meta({ description: 'Bytes that the client may receive.' }),
    total: size.optional().meta({ description: 'Bytes both ways together.' }),
  })
  // Asked also when something else is wrong with the policy, so that every problem is reported in one go.
  .refine((written) => Object.values(written).some((limit) => limit !== undefined), {
    when: () => true,
    message: 'no limit is set: write "ingress", "egress" or "total"',
  })

type Limits = z.output<typeof keys>

const METERS = [
  { limitOf: ({ ingress }: Limits) => ingress, word: 'sent', read: ({ ingressBytes }: Connection) => ingressBytes },
  { limitOf: ({ egress }: Limits) => egress, word: 'received', read: ({ egressBytes }: Connection) => egressBytes },
  {
    limitOf: ({ total }: Limits) => total,
    word: 'carried',
    read: ({ ingressBytes, egressBytes }: Connection) =>
      ingressBytes === undefined || egressBytes === undefined ? undefined : ingressBytes + egressBytes,
  },
]

interface Meter {
  readonly word: string
  readonly limit: number
  readonly read: (connection: Connection) => number | undefined
}

/** One for each limit that is set: found once, as every snapshot asks all connections. */
const metersOf = (limits: Limits): readonly Meter[] =>
  METERS.flatMap(({ limitOf, word, read }) => {
    const limit = limitOf(limits)
    return limit === undefined ? [] : [{ word, limit, read }]
  })

const areKnown = (meters: readonly Meter[], connection: Connection): boolean =>
  meters.every(({ read }) => read(connection) !== undefined)

/** The first limit that is exceeded, unless a counter is missing. */
const excess = (meters: readonly Meter[], connection: Connection): Meter | undefined =>
  areKnown(meters, connection) ? meters.find(({ read, limit }) => (read(connection) ?? 0) > limit) : undefined

/** Whether a connection above a limit of the other is above one of these, with the same counters known: what goes over one way goes over both ways. */
const coversLimits =
  ({ ingress = NEVER, egress = NEVER, total = NEVER }: Limits) =>
  (other: Limits): boolean => {
    const covers = (least: number, limit: number | undefined) => limit === undefined || least <= limit
    // A counter that only these limits need leaves them in doubt where it is missing.
    const needsMore = (own: number, others: number | undefined) =>
      Math.min(own, total) < NEVER && others === undefined && other.total === undefined
    if (needsMore(ingress, other.ingress) || needsMore(egress, other.egress)) return false
    return (
      covers(Math.min(ingress, total), other.ingress) &&
      covers(Math.min(egress, total), other.egress) &&
      covers(Math.min(ingress + egress, total), other.total)
    )
  }

export const maxTransfer = definePolicyKind({
  kind: 'max-transfer',
  reason: 'transfer-limit',
  rank: 40,
  scope: 'connection',
  facts: 'counters',
  summary: 'Ends a connection that has carried more bytes than it may.',
  keys,
  fileKeys: [],
  namesUsers: false,
  cooldown: true,
  bind: (limits): Limits => limits,
  covers: coversLimits,
  /** When a snapshot first showed it above the limit. A counter that runs back begins anew. */
  note: (limits) => {
    const meters = metersOf(limits)
    return (before, connection, seenAt) =>
      excess(meters, connection) === undefined ? undefined : (before ?? { at: seenAt, bytes: 0 })
  },
  judge: (limits, name) => {
    const meters = metersOf(limits)
    const judge: Judge = {
      find(connection, history, now) {
        if (!areKnown(meters, connection)) return { word: 'unknown', until: NEVER, lacks: 'its byte counters' }
        if (excess(meters, connection) === undefined) return { word: 'fine', until: NEVER }
        return {
          word: 'violated',
          since: history.note(name, connection.id)?.at ?? history.firstSeenAt(connection.id) ?? now,
          until: NEVER,
        }
      },
      because(connection) {
        const { word, limit, read } = excess(meters, connection) ?? meters[0] ?? {}
        const carried = read?.(connection)
        if (carried === undefined || limit === undefined || !areKnown(meters, connection))
          return 'AWS gave no byte counters for this connection'
        return `${formatSize(carried)} ${word}, at most ${formatSize(limit)} is allowed`
      },
    }
    return () => judge
  },
})
