import * as z from 'zod'
import { duration, formatDuration } from '../time/duration.ts'
import { NEVER, toText } from '../time/instant.ts'
import { definePolicyKind } from './policy.ts'

export const maxSessionAge = definePolicyKind({
  kind: 'max-session-age',
  reason: 'session-age',
  rank: 50,
  scope: 'connection',
  facts: 'immutable',
  foreseeable: true,
  extendable: true,
  summary: 'Ends a connection once it has been up for `maxAge`, so that everybody signs in again.',
  whatToDo: 'Connect again to start a new session.',
  keys: z.strictObject({
    maxAge: duration.meta({ description: 'How long a connection may last: 10h, 1d12h.' }),
  }),
  fileKeys: [],
  namesUsers: false,
  cooldown: true,
  bind: ({ maxAge }) => ({ maxAgeMs: maxAge }),
  words: ({ maxAgeMs }) => `${formatDuration(maxAgeMs)} after it was established`,
  covers: (rule) => (other) => rule.maxAgeMs <= other.maxAgeMs,
  judge:
    ({ maxAgeMs }) =>
    () => ({
      find({ establishedAt }, _history, now) {
        if (establishedAt === undefined) return { word: 'unknown', until: NEVER, lacks: 'an established time' }
        const since = establishedAt + maxAgeMs
        return now >= since ? { word: 'violated', since, until: NEVER } : { word: 'fine', until: since }
      },
      because({ establishedAt }, finding, now) {
        if (establishedAt === undefined) return 'AWS reported no established time for this connection'
        const up = `connected since ${toText(establishedAt)}, for ${formatDuration(now - establishedAt)}`
        const limit = formatDuration(maxAgeMs)
        return finding.word === 'violated' ? `${up}: at most ${limit} is allowed` : `${up}: within the ${limit} allowed`
      },
    }),
})
