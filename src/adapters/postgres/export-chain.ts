import { hash } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { TrailPart } from '../audit/trail-parts.ts'

/** A key of a unit whose characters are safe in the name of a file, but for the blanks between its parts. */
const PLAIN = /^[A-Za-z0-9-]+( [A-Za-z0-9-]+)*$/
const LONGEST = 100

/** The name of the file of a unit. Units with other keys have other names, also where case does not count. */
export const exportName = (unit: string): string => {
  if (PLAIN.test(unit) && unit.length <= LONGEST && unit === unit.toLowerCase()) {
    return `${unit.replaceAll(' ', '_')}.jsonl`
  }
  const safe = unit.replace(/[^A-Za-z0-9-]+/g, '_').slice(0, LONGEST)
  return `${safe}-${hash('sha256', unit).slice(0, 12)}.jsonl`
}

/** Writes the lines as they are, each with a line feed, into a new file on the disk. Throws `EEXIST` if it is there. */
export const writeLines = async (file: string, part: TrailPart): Promise<void> => {
  const handle = await open(file, 'wx', 0o600)
  try {
    for await (const { lines } of part.lines()) {
      await handle.writeFile(Buffer.concat(lines.flatMap((line) => [line, LINE_FEED])))
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const LINE_FEED = Buffer.from('\n')
