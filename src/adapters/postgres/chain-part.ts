import { DAY, type Instant } from '../../domain/time/instant.ts'
import { readTime } from '../audit/audit-line.ts'
import type { TrailPeriod } from '../audit/read-trail.ts'
import type { TrailPart } from '../audit/trail-parts.ts'
import type { Ask } from './ask.ts'
import type { UnitChain } from './chains.ts'

/** The most lines and bytes of one answer. A line that is longer than that comes alone. */
const MOST_LINES = 2000
const MOST_BYTES = 4 * 1024 * 1024

/** Counts the bytes before a line: the length of a text is known without reading it. */
const NEXT_LINES = `
select seq, line from (
  select seq, line, sum(octet_length(line)) over (order by seq) - octet_length(line) as before
  from (
    select seq, line from curfew.record
    where unit = $1 and seq > $2 and seq <= $3
    order by seq limit ${MOST_LINES}
  ) as next
) as counted
where before < ${MOST_BYTES}
order by seq`

/** The largest number of a bigint that is exact here. */
const ALL_LINES = Number.MAX_SAFE_INTEGER

/** The lines of a unit from the one behind `after` on. `last`: the number of the last one of each group. */
export async function* numberedLines(
  ask: Ask,
  id: number,
  { after, until = ALL_LINES }: { readonly after: number; readonly until?: number | undefined },
): AsyncGenerator<{ readonly lines: readonly Buffer[]; readonly last: number }> {
  for (let last = after; ; ) {
    const { rows } = await ask<{ readonly seq: string; readonly line: string }>(NEXT_LINES, [id, last, until])
    const newest = rows.at(-1)
    if (newest === undefined) return
    last = Number(newest.seq)
    yield { lines: rows.map(({ line }) => Buffer.from(line)), last }
  }
}

/**
 * The lines of a chain behind its anchor, as they are in the database. They are read as a stream, in statements of their
 * own: a long transaction would keep the database from cleaning up.
 */
export const partOfChain = (
  ask: Ask,
  { id, unit, anchor }: UnitChain,
  { after = anchor.seq, until }: { readonly after?: number; readonly until?: number | undefined } = {},
): TrailPart => ({
  name: unit,
  firstSeq: after + 1,
  firstAt: undefined,
  countedAfter: after,
  lines: () => numberedLines(ask, id, { after, until }),
})

/** Lines lie this close to the order of their times. See `AROUND_MS` of the reader, which looks as far around a period. */
const AROUND_MS = 2 * DAY

/** The lines of a chain around a period. Their times are in the lines: no clock is compared with that of the database. */
export const partAround = async (ask: Ask, chain: UnitChain, { since, until }: TrailPeriod): Promise<TrailPart> => {
  const { anchor, head } = chain
  const after = since === undefined ? anchor.seq : (await firstSince(ask, chain, since - AROUND_MS)) - 1
  const last = until === undefined ? ALL_LINES : await firstSince(ask, chain, until + AROUND_MS)
  return partOfChain(ask, chain, { after, until: last > head.seq ? ALL_LINES : last })
}

const BEGINNING = `
select seq, left(line, 64) as beginning from curfew.record
where unit = $1 and seq >= $2 order by seq limit 1`

/** The number of the first line whose time is not before `at`, found in few steps. Behind the head if there is none. */
export const firstSince = async (ask: Ask, { id, anchor, head }: UnitChain, at: Instant): Promise<number> => {
  let low = anchor.seq + 1
  let high = head.seq + 1
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const { rows } = await ask<{ readonly seq: string; readonly beginning: string }>(BEGINNING, [id, middle])
    const [row] = rows
    const time = row === undefined ? undefined : readTime(Buffer.from(row.beginning))
    // A line without a time was changed: what is before it is read too.
    if (row === undefined || time === undefined || time >= at) high = middle
    else low = Math.max(middle, Number(row.seq)) + 1
  }
  return low
}
