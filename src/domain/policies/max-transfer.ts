import * as z from 'zod'
import type { Connection } from '../connection.ts'
import { formatSize, size } from '../size.ts'
import { NEVER } from '../time/instant.ts'
import { definePolicyKind, type Judge } from './policy.ts'

const keys = z
  .strictObject({
    ingress: size.optional().meta({ description: 'Bytes that the client may send.' }),
    egress: size.optional().meta({ description: 'Bytes that the client may receive.' }),
    total: size.optional().meta({ description: 'Bytes that the client may send and receive together.' }),
  })
  // `when` makes this check run even after another check has failed, so that every problem is reported in one go.
  .refine((written) => Object.values(written).some((limit) => limit !== undefined), {
    when: () => true,
    message: 'no limit is set: write "ingress", "egress" or "total"',
  })

type Limits = z.output<typeof keys>

type Counters = Pick<Connection, 'ingressBytes' | 'egressBytes'>

const METERS = [
  {
    limitOf: ({ ingress }: Limits) => ingress,
    action: 'the client sent',
    read: ({ ingressBytes }: Counters) => ingressBytes,
  },
  {
    limitOf: ({ egress }: Limits) => egress,
    action: 'the client received',
    read: ({ egressBytes }: Counters) => egressBytes,
  },
  {
    limitOf: ({ total }: Limits) => total,
    action: 'the connection carried',
    read: ({ ingressBytes, egressBytes }: Counters) =>
      ingressBytes === undefined || egressBytes === undefined ? undefined : ingressBytes + egressBytes,
  },
]

interface Meter {
  readonly action: string
  readonly limit: number
  readonly read: (connection: Counters) => number | undefined
}

/** One meter for each limit that is set. Made once per rule, as every snapshot reads the meters of all connections. */
const metersOf = (limits: Limits): readonly Meter[] =>
  METERS.flatMap(({ limitOf, action, read }) => {
    const limit = limitOf(limits)
    return limit === undefined ? [] : [{ action, limit, read }]
  })

const areKnown = (meters: readonly Meter[], connection: Counters): boolean =>
  meters.every(({ read }) => read(connection) !== undefined)

/** The first meter that is above its limit; undefined also if a counter is missing. */
const excess = (meters: readonly Meter[], connection: Counters): Meter | undefined =>
  areKnown(meters, connection) ? meters.find(({ read, limit }) => (read(connection) ?? 0) > limit) : undefined

/**
 * Whether every connection above a limit of the other rule is above a limit of this one, given the same counters. A
 * connection that sends or receives more than `total` also carries more than `total`.
 */
const coversLimits =
  ({ ingress = NEVER, egress = NEVER, total = NEVER }: Limits) =>
  (other: Limits): boolean => {
    const covers = (least: number, limit: number | undefined) => limit === undefined || least <= limit
    // If this rule alone needs a counter and the counter is missing, this rule alone finds `unknown`.
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
  summary: 'Ends a connection that has carried more bytes than the policy allows.',
  whatToDo: 'Connect again to continue.',
  keys,
  fileKeys: [],
  namesUsers: false,
  cooldown: true,
  bind: (limits): Limits => limits,
  words: (limits) =>
    `once ${metersOf(limits)
      .map(({ action, limit }) => `${action} more than ${formatSize(limit)}`)
      .join(' or ')}`,
  covers: coversLimits,
  /** When a snapshot first showed the connection above a limit. A snapshot that does not show that clears the note. */
  note: (limits) => {
    const meters = metersOf(limits)
    return (before, connection, seenAt) =>
      excess(meters, connection) === undefined ? undefined : (before ?? { at: seenAt, bytes: 0 })
  },
  // Counters only grow while a connection is up.
  neverViolated: (limits) => {
    const meters = metersOf(limits)
    return (ended) => areKnown(meters, ended) && excess(meters, ended) === undefined
  },
  judge: (limits, name) => {
    const meters = metersOf(limits)
    const judge: Judge = {
      find(connection, history, now) {
        if (!areKnown(meters, connection)) return { word: 'unknown', until: NEVER, lacks: 'byte counters' }
        if (excess(meters, connection) === undefined) return { word: 'fine', until: NEVER }
        return {
          word: 'violated',
          since: history.note(name, connection.id)?.at ?? history.firstSeenAt(connection.id) ?? now,
          until: NEVER,
        }
      },
      because(connection, finding) {
        const { action, limit, read } = excess(meters, connection) ?? meters[0] ?? {}
        const carried = read?.(connection)
        if (carried === undefined || limit === undefined || !areKnown(meters, connection))
          return 'AWS reported no byte counters for this connection'
        const relation = finding.word === 'violated' ? 'more than' : 'within'
        return `${action} ${formatSize(carried)}: ${relation} the ${formatSize(limit)} allowed`
      },
    }
    return () => judge
  },
})
