import { hash } from 'node:crypto'

const START = '{"version":3,'
const headOf = (sum: string) => `${START}"sha256":"${sum}","state":`
const HEAD_BYTES = headOf(hash('sha256', '')).length
const END = '}'

/** Wraps JSON in an object with its checksum. The result is still JSON; `unseal` detects every changed bit. */
export const seal = (content: Buffer): Buffer =>
  Buffer.concat([Buffer.from(headOf(hash('sha256', content))), content, Buffer.from(END)])

/** The JSON that was sealed. `broken` if the bytes have changed since, undefined if they are not sealed. */
export const unseal = (bytes: Buffer): { readonly content: Buffer } | 'broken' | undefined => {
  if (bytes.toString('latin1', 0, START.length) !== START) return undefined
  const content = bytes.subarray(HEAD_BYTES, -END.length)
  return seal(content).equals(bytes) ? { content } : 'broken'
}
