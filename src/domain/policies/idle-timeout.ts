import * as z from 'zod'
import { formatSize, size } from '../size.ts'
import { duration, formatDuration } from '../time/duration.ts'
import { MINUTE, NEVER, toText } from '../time/instant.ts'
import { definePolicyKind, type Finding } from './policy.ts'

/** OpenVPN's keep-alives and their answers stay below this on an otherwise silent connection. */
const KEEP_ALIVES_PER_MINUTE = 2 * 1024

const keys = z.strictObject({
  after: duration.meta({ description: 'How long a connection may carry next to nothing.' }),
  below: size.optional().meta({
    description:
      'Bytes both ways over the stretch that still count as nothing. Default: 2KiB for each minute of `after`.',
  }),
})

export const idleTimeout = definePolicyKind({
  kind: 'idle-timeout',
  reason: 'idle',
  rank: 60,
  scope: 'connection',
  facts: 'counters',
  summary: 'Ends a connection that has carried next to nothing for `after`.',
  keys,
  fileKeys: [],
  namesUsers: false,
  cooldown: true,
  bind: ({ after, below }) => ({
    afterMs: after,
    belowBytes: below ?? Math.ceil((after / MINUTE) * KEEP_ALIVES_PER_MINUTE),
  }),
  // A shorter `after` also wants fresher counters, and another `below` other marks: neither is stricter at every instant.
  covers: (rule) => (other) => rule.afterMs === other.afterMs && rule.belowBytes === other.belowBytes,
  /** The mark: set at first sight, moved by enough traffic, or by counters that run back. */
  note:
    ({ belowBytes }) =>
    (before, { ingressBytes, egressBytes }, seenAt) => {
      if (ingressBytes === undefined || egressBytes === undefined) return before
      const bytes = ingressBytes + egressBytes
      const moved = before === undefined || bytes - before.bytes >= belowBytes || bytes < before.bytes
      return moved ? { at: seenAt, bytes } : before
    },
  judge:
    ({ afterMs, belowBytes }, name) =>
    () => ({
      find(connection, history, now): Finding {
        const { ingressBytes, egressBytes, id } = connection
        const mark = history.note(name, id)
        if (ingressBytes === undefined || egressBytes === undefined || mark === undefined) {
          return { word: 'unknown', until: NEVER, lacks: 'its byte counters' }
        }
        // A mark set under an earlier `below`, or by a policy of the same name: the bytes since then decide, not its age.
        const bytes = ingressBytes + egressBytes
        if (bytes - mark.bytes >= belowBytes || bytes < mark.bytes) return { word: 'fine', until: NEVER }
        const since = mark.at + afterMs
        const seenAt = history.snapshotAt() ?? now
        // Whether it is idle at that instant only a snapshot begun then or later can tell.
        if (now < since || seenAt < since) return { word: 'fine', until: now < since ? since : NEVER }
        const movedAt = history.countersMovedAt() ?? -NEVER
        if (seenAt - movedAt > afterMs / 3) {
          return {
            word: 'unknown',
            until: NEVER,
            lacks: 'byte counters that move: AWS has not refreshed any of this endpoint',
          }
        }
        return { word: 'violated', since, until: NEVER }
      },
      because(_connection, finding) {
        if (finding.word === 'unknown') return `it lacks ${finding.lacks}`
        const since = finding.word === 'violated' ? finding.since : finding.until
        const limit = `${formatDuration(afterMs)} with less than ${formatSize(belowBytes)}`
        return finding.word === 'violated'
          ? `idle since ${toText(since - afterMs)}: ${limit} is the limit`
          : `not idle for long enough: ${limit} is the limit`
      },
    }),
})
