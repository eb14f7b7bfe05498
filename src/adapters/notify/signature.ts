import { createHmac } from 'node:crypto'
import { type Instant, SECOND } from '../../domain/time/instant.ts'

/** Of Standard Webhooks. */
const PREFIX = 'whsec_'
const [SHORTEST_KEY, LONGEST_KEY] = [24, 64]

/** The key in a secret of Standard Webhooks, `whsec_` and base64; undefined if it is none. */
export const signingKeyOf = (secret: string): Buffer | undefined => {
  if (!secret.startsWith(PREFIX)) return undefined
  const written = secret.slice(PREFIX.length)
  // Node skips what is not base64; a key that lost a character must not pass for one.
  const key = Buffer.from(written, 'base64')
  const isWhole = key.toString('base64').replace(/=+$/, '') === written.replace(/=+$/, '')
  return isWhole && key.length >= SHORTEST_KEY && key.length <= LONGEST_KEY ? key : undefined
}

/** The headers of Standard Webhooks. The id stays over all tries; the timestamp is that of this one, so that a replay shows. */
export const signatureHeaders = (
  key: Buffer,
  id: string,
  at: Instant,
  body: string,
): Readonly<Record<string, string>> => {
  const timestamp = String(Math.floor(at / SECOND))
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` }
}
