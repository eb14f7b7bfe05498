import * as z from 'zod'
import { formatSize, size } from '../size.ts'
import { duration, formatDuration } from '../time/duration.ts'
import { MINUTE, NEVER, toText } from '../time/instant.ts'
import { definePolicyKind, type Finding } from './policy.ts'

/** In bytes. The keep-alives of OpenVPN and their replies stay below this on a connection that carries nothing else. */
const KEEP_ALIVES_PER_MINUTE = 2 * 1024

const keys = z.strictObject({
  after: duration.meta({ description: 'How long a connection may be idle: carry less than `below`.' }),
  below: size.optional().meta({
    description:
      'A connection that carries less than this in `after`, both ways together, is idle. Default: 2KiB for each minute.',
  }),
})

export const idleTimeout = definePolicyKind({
  kind: 'idle-timeout',
  reason: 'idle',
  rank: 60,
  scope: 'connection',
  facts: 'counters',
  summary: 'Ends a connection once it has been idle for `after`.',
  whatToDo: 'Connect again when you need the VPN.',
  keys,
  fileKeys: [],
  namesUsers: false,
  cooldown: true,
  bind: ({ after, below }) => ({
    afterMs: after,
    belowBytes: below ?? Math.ceil((after / MINUTE) * KEEP_ALIVES_PER_MINUTE),
  }),
  words: ({ afterMs, belowBytes }) =>
    `that has carried less than ${formatSize(belowBytes)} in ${formatDuration(afterMs)}`,
  // A shorter `after` also needs fresher counters, and another `below` sets other marks. So neither makes a rule stricter
  // at every instant.
  covers: (rule) => (other) => rule.afterMs === other.afterMs && rule.belowBytes === other.belowBytes,
  /** The mark. The first snapshot of a connection sets it; enough traffic moves it, and so do decreasing counters. */
  note:
    ({ belowBytes }) =>
    (before, { ingressBytes, egressBytes }, seenAt) => {
      if (ingressBytes === undefined || egressBytes === undefined) return before
      const bytes = ingressBytes + egressBytes
      const moved = before === undefined || bytes - before.bytes >= belowBytes || bytes < before.bytes
      return moved ? { at: seenAt, bytes } : before
    },
  // The first mark is not older than the session.
  neverViolated:
    ({ afterMs }) =>
    ({ lastedMs }) =>
      lastedMs <= afterMs,
  judge:
    ({ afterMs, belowBytes }, name) =>
    () => ({
      find(connection, history, now): Finding {
        const { ingressBytes, egressBytes, id } = connection
        const mark = history.note(name, id)
        if (ingressBytes === undefined || egressBytes === undefined || mark === undefined) {
          return { word: 'unknown', until: NEVER, lacks: 'byte counters' }
        }
        // An earlier `below`, or another policy of the same name, may have set the mark. So its age alone proves nothing:
        // few bytes must have been carried since as well.
        const bytes = ingressBytes + egressBytes
        if (bytes - mark.bytes >= belowBytes || bytes < mark.bytes) return { word: 'fine', until: NEVER }
        const since = mark.at + afterMs
        const seenAt = history.snapshotAt() ?? now
        // Only a snapshot begun at `since` or later shows whether the connection is idle at `since`.
        if (now < since || seenAt < since) return { word: 'fine', until: now < since ? since : NEVER }
        const movedAt = history.countersMovedAt() ?? -NEVER
        if (seenAt - movedAt > afterMs / 3) {
          return {
            word: 'unknown',
            until: NEVER,
            lacks: `fresh byte counters: none of this endpoint has changed for more than a third of ${formatDuration(afterMs)}`,
          }
        }
        return { word: 'violated', since, until: NEVER }
      },
      because(_connection, finding, now) {
        if (finding.word === 'unknown') return `the connection lacks ${finding.lacks}`
        const [after, below] = [formatDuration(afterMs), formatSize(belowBytes)]
        if (finding.word === 'fine') return `not idle: no snapshot shows that it carried less than ${below} in ${after}`
        const idleSince = finding.since - afterMs
        const idle = `idle since ${toText(idleSince)}, for ${formatDuration(now - idleSince)}`
        return `${idle}, with less than ${below} carried: at most ${after} is allowed`
      },
    }),
})
