import { basename } from 'node:path'

/** With twelve digits the file names of a chain sort in the order of its lines. */
const digits = (seq: number) => String(seq).padStart(12, '0')

/** The name of a rotated file: it holds the numbers of the first and the last line. */
export const rotatedName = (file: string, first: number, last: number): string =>
  `${file}.${digits(first)}-${digits(last)}`

/** The number of the last line of a rotated file of `file`. Undefined for any other name. */
export const lastSeqOf = (file: string, name: string): number | undefined => {
  const base = `${basename(file)}.`
  if (!name.startsWith(base)) return undefined
  const found = /^\d{12,16}-(\d{12,16})$/.exec(name.slice(base.length))?.[1]
  return found === undefined ? undefined : Number(found)
}

const COMPRESSED = /\.(gz|zst|xz|bz2|lz4)$/

/** The name that a file had before a program compressed it, or its name if none did. */
export const unpackedName = (name: string): string => name.replace(COMPRESSED, '')

/**
 * Whether a name is that of the trail `file` or of a part of it. Curfew names parts after their lines, other programs after
 * a count or a date; they may be compressed.
 */
export const isPartOf = (file: string, name: string): boolean => {
  const base = basename(file)
  return name.startsWith(base) && /^([.-]\d[\d-]*)?$/.test(unpackedName(name).slice(base.length))
}

export const lockName = (file: string): string => `${file}.lock`

/** The name of the file that keeps a torn end. Several torn ends of one line differ in `attempt`. */
export const tornName = (file: string, seq: number, attempt: number): string =>
  `${file}.torn-${seq}${attempt === 1 ? '' : `.${attempt}`}`

/** Whether a name is that of a lock or a torn end: files beside an audit file that hold no part of the chain. */
export const isBesideTheChain = (name: string): boolean => /\.(lock(\..+)?|torn-\d+(\.\d+)?)$/.test(name)
