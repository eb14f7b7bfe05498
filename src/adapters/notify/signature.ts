import { createHmac } from 'node:crypto'
import { type Instant, SECOND } from '../../domain/time/instant.ts'

/** The prefix of a secret, and the length of its key in bytes: both from the Standard Webhooks specification. */
const PREFIX = 'whsec_'
const [SHORTEST_KEY, LONGEST_KEY] = [24, 64]

/** The key in a Standard Webhooks secret (`whsec_` and base64); undefined if the secret is malformed. */
export const signingKeyOf = (secret: string): Buffer | undefined => {
  if (!secret.startsWith(PREFIX)) return undefined
  const encoded = secret.slice(PREFIX.length)
  // Node ignores characters that are not base64, so a mistyped secret would give a wrong key. Encoding it again finds that.
  const key = Buffer.from(encoded, 'base64')
  const isWhole = key.toString('base64').replace(/=+$/, '') === encoded.replace(/=+$/, '')
  return isWhole && key.length >= SHORTEST_KEY && key.length <= LONGEST_KEY ? key : undefined
}

/**
 * The headers of Standard Webhooks. All requests for one event have the same id; the timestamp is that of this request,
 * so that a receiver can detect a replay.
 */
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
