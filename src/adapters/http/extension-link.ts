import { createHmac, timingSafeEqual } from 'node:crypto'
import type { ExtensionRight } from '../../app/extension-right.ts'

/** Under `publicUrl`. */
export const EXTEND_PATH = '/extend/'

/** Bytes. A key that is as long as the hash cannot be guessed. */
export const SHORTEST_KEY = 32

/** The meaning of a signature. A key that also signs other things must not make a right of them. */
const PURPOSE = 'curfew extend 1\n'

/**
 * Makes and reads links that carry a right: its fields, and their HMAC-SHA256. Nobody can make one without the key, or
 * change one so that it is for another connection, another policy or a later time.
 */
export const createExtensionLinks = ({ publicUrl, key }: { readonly publicUrl: string; readonly key: string }) => {
  const signatureOf = (fields: string) => createHmac('sha256', key).update(PURPOSE).update(fields).digest('base64url')

  return {
    urlOf({ region, endpointId, connectionId, policy, ordinal, endsAt }: ExtensionRight): string {
      const fields = JSON.stringify([region, endpointId, connectionId, policy, ordinal, endsAt])
      const token = Buffer.from(fields).toString('base64url')
      return `${publicUrl}${EXTEND_PATH}${token}.${signatureOf(token)}`
    },

    /** The right that a link gives; undefined if it was not made with this key. */
    rightOf(link: string): ExtensionRight | undefined {
      const [token = '', signature = '', ...more] = link.split('.')
      if (more.length > 0) return undefined
      // The texts are compared, because several texts have the same bytes in base64.
      const [given, expected] = [Buffer.from(signature), Buffer.from(signatureOf(token))]
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
      const fields = JSON.parse(Buffer.from(token, 'base64url').toString()) as [
        string,
        string,
        string,
        string,
        number,
        number,
      ]
      const [region, endpointId, connectionId, policy, ordinal, endsAt] = fields
      return { region, endpointId, connectionId, policy, ordinal, endsAt }
    },
  }
}

export type ExtensionLinks = ReturnType<typeof createExtensionLinks>
