import * as z from 'zod'
import type { Connection } from '../connection.ts'
import { NEVER } from '../instant.ts'
import { definePolicyKind } from '../policy.ts'
import { formatSize, size } from '../size.ts'

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

/** What was carried and what may be, of each limit that is set; undefined where a counter that it needs is missing. */
const readings = ({ ingress, egress, total }: Limits, { ingressBytes, egressBytes }: Connection) => {
  const sum = ingressBytes === undefined || egressBytes === undefined ? undefined : ingressBytes + egressBytes
  const set = [
    { word: 'sent', carried: ingressBytes, limit: ingress },
    { word: 'received', carried: egressBytes, limit: egress },
    { word: 'carried', carried: sum, limit: total },
  ].flatMap(({ word, carried, limit }) => (limit === undefined ? [] : [{ word, carried, limit }]))
  const known = set.flatMap(({ word, carried, limit }) => (carried === undefined ? [] : [{ word, carried, limit }]))
  return known.length === set.length ? known : undefined
}

const excess = (limits: Limits, connection: Connection) =>
  readings(limits, connection)?.find(({ carried, limit }) => carried > limit)

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
  note: (limits) => (before, connection, seenAt) =>
    excess(limits, connection) === undefined ? undefined : (before ?? { at: seenAt, bytes: 0 }),
  judge: (limits, name) => () => ({
    find(connection, history, now) {
      if (readings(limits, connection) === undefined)
        return { word: 'unknown', until: NEVER, lacks: 'its byte counters' }
      if (excess(limits, connection) === undefined) return { word: 'fine', until: NEVER }
      return {
        word: 'violated',
        since: history.note(name, connection.id)?.at ?? history.firstSeenAt(connection.id) ?? now,
        until: NEVER,
      }
    },
    because(connection) {
      const reading = excess(limits, connection) ?? readings(limits, connection)?.[0]
      if (reading === undefined) return 'AWS gave no byte counters for this connection'
      return `${formatSize(reading.carried)} ${reading.word}, at most ${formatSize(reading.limit)} is allowed`
    },
  }),
})
