import { hash } from 'node:crypto'

/** The form of the state that this version writes, and the forms that it reads. */
export const STATE_VERSION = 4
const READ = [3, STATE_VERSION]

const startOf = (version: number) => `{"version":${version},`
const headOf = (version: number, sum: string) => `${startOf(version)}"sha256":"${sum}","state":`
const END = '}'

/** Wraps JSON in an object with its checksum. The result is still JSON; `unseal` detects every changed bit. */
export const seal = (content: Buffer, version = STATE_VERSION): Buffer =>
  Buffer.concat([Buffer.from(headOf(version, hash('sha256', content))), content, Buffer.from(END)])

/**
 * The JSON that was sealed, and the version of its form. `broken` if the bytes have changed since, undefined if they are
 * not sealed.
 */
export const unseal = (
  bytes: Buffer,
): { readonly content: Buffer; readonly version: number } | 'broken' | undefined => {
  const version = READ.find((one) => bytes.toString('latin1', 0, startOf(one).length) === startOf(one))
  if (version === undefined) return undefined
  const content = bytes.subarray(headOf(version, hash('sha256', '')).length, -END.length)
  return seal(content, version).equals(bytes) ? { content, version } : 'broken'
}

/** The bytes in which the marks of a sealed state lie: more than its head has. */
const HEAD_BYTES = 128

/**
 * Whether bytes may be a sealed state that was damaged, cut off, or written by another version. Bytes of another program
 * show no mark of one.
 */
export const mayBeSealed = (bytes: Buffer): boolean => {
  const head = bytes.toString('latin1', 0, HEAD_BYTES)
  const [first = ''] = startOf(STATE_VERSION).split(String(STATE_VERSION))
  // A file system that lost the blocks of a file at a power cut gives zeros.
  return head.startsWith('\0') || head.startsWith(first) || first.startsWith(head) || head.includes('"sha256":"')
}
