import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Instant } from '../../domain/time/instant.ts'

/** A file that the history was rotated into. None of its lines is later than `endedAt`. */
export interface Part {
  readonly file: string
  readonly endedAt: Instant
}

const PART = /^\.(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})(\d{3})Z(?:\.gz)?$/

/** The name of the part that ends at an instant. Names in their order are parts in their order. */
export const partName = (file: string, endedAt: Instant): string =>
  `${file}.${new Date(endedAt).toISOString().replaceAll(/[-:.]/g, '')}`

/** The parts beside a history, the oldest first. A program may have compressed them with gzip since. */
export const partsOf = async (file: string): Promise<readonly Part[]> => {
  const [folder, base] = [dirname(file), basename(file)]
  const names = (await readdir(folder)).filter((name) => name.startsWith(base))
  return names
    .toSorted()
    .filter((name, _place, all) => !name.endsWith('.gz') || !all.includes(name.slice(0, -'.gz'.length)))
    .flatMap((name) => {
      const [, year, month, day, hour, minute, second, ms] = PART.exec(name.slice(base.length)) ?? []
      if (year === undefined) return []
      const endedAt = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`)
      return Number.isNaN(endedAt) ? [] : [{ file: join(folder, name), endedAt }]
    })
}

/** The lock is a hidden file, so that `history.jsonl*` names the history and its parts, and nothing else. */
export const lockOf = (file: string): string => join(dirname(file), `.${basename(file)}.lock`)
