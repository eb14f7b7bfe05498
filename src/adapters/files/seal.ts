import { hash } from 'node:crypto'

const START = '{"version":2,'
const headOf = (sum: string) => `${START}"sha256":"${sum}","state":`
const HEAD_BYTES = headOf(hash('sha256', '')).length
const END = '}'

/** JSON with its checksum in front: still one object of JSON, of which no bit can change unseen. */
export const seal = (content: Buffer): Buffer =>
  Buffer.concat([Buffer.from(headOf(hash('sha256', content))), content, Buffer.from(END)])

/** The JSON that was sealed; `broken` where it has changed since, and undefined where nothing was sealed. */
export const unseal = (bytes: Buffer): { readonly content: Buffer } | 'broken' | undefined => {
  if (bytes.toString('latin1', 0, START.length) !== START) return undefined
  const content = bytes.subarray(HEAD_BYTES, -END.length)
  return seal(content).equals(bytes) ? { content } : 'broken'
}
