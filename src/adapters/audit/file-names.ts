import { basename } from 'node:path'

/** Twelve digits: the names of a chain sort as its lines do. */
const digits = (seq: number) => String(seq).padStart(12, '0')

/** The name of a file that is full, by the numbers of its first and last line. */
export const rotatedName = (file: string, first: number, last: number): string =>
  `${file}.${digits(first)}-${digits(last)}`

/** The number of the last line of a rotated file of `file`; undefined for any other name. */
export const lastSeqOf = (file: string, name: string): number | undefined => {
  const base = `${basename(file)}.`
  if (!name.startsWith(base)) return undefined
  const found = /^\d{12,16}-(\d{12,16})$/.exec(name.slice(base.length))?.[1]
  return found === undefined ? undefined : Number(found)
}

export const lockName = (file: string): string => `${file}.lock`

/** Where a torn end is kept; `attempt` tells several of the same line apart. */
export const tornName = (file: string, seq: number, attempt: number): string =>
  `${file}.torn-${seq}${attempt === 1 ? '' : `.${attempt}`}`

/** Whether it lies beside an audit file and holds no part of the chain: the lock, or a torn end. */
export const isBesideTheChain = (name: string): boolean => /\.(lock(\..+)?|torn-\d+(\.\d+)?)$/.test(name)
