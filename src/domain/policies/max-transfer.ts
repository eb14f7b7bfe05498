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

/** What was carried and what may be, each limit that is set; undefined where a counter is missing. */
const readings = ({ ingress, egress, total }: Limits, { ingressBytes, egressBytes }: Connection) =>
  ingressBytes === undefined || egressBytes === undefined
    ? undefined
    : ([
        ['sent', ingressBytes, ingress],
        ['received', egressBytes, egress],
        ['carried', ingressBytes + egressBytes, total],
      ] as const)

const excess = (limits: Limits, connection: Connection) =>
  readings(limits, connection)?.find(([, carried, limit]) => limit !== undefined && carried > limit)

/** Whether a connection above a limit of the other is above one of these: what goes over one way goes over both ways. */
const coversLimits =
  ({ ingress = NEVER, egress = NEVER, total = NEVER }: Limits) =>
  (other: Limits): boolean => {
    const covers = (least: number, limit: number | undefined) => limit === undefined || least <= limit
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
      return { word: 'violated', since: history.note(name, connection.id)?.at ?? now, until: NEVER }
    },
    because(connection) {
      const found = readings(limits, connection)
      if (found === undefined) return 'AWS gave no byte counters for this connection'
      const [word, carried, limit = 0] =
        excess(limits, connection) ?? found.find(([, , of]) => of !== undefined) ?? found[2]
      return `${formatSize(carried)} ${word}, at most ${formatSize(limit)} is allowed`
    },
  }),
})
