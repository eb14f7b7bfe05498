import type { ReplayedRecord } from '../../app/audit.ts'
import { HOUR, type Instant } from '../../domain/time/instant.ts'
import { BEGINNING_BYTES, readTime } from '../audit/audit-line.ts'
import { readAction } from '../audit/replay.ts'
import type { Ask } from './ask.ts'
import { firstSince, partOfChain } from './chain-part.ts'
import { readChain } from './chains.ts'

/** The clocks of the hosts that wrote the lines differ by less than this: each is corrected by the time of AWS. */
const CLOCKS_DIFFER_MS = HOUR

const NEWEST = `select left(line, ${BEGINNING_BYTES}) as beginning from curfew.record where unit = $1 order by seq desc limit 1`

/**
 * Gives `read` the intents, outcomes and extensions of a unit since an instant, in their order, as `replay` does for
 * files. The lines are read as a stream.
 */
export const replayUnit = async (
  ask: Ask,
  id: number,
  since: (newestAt: Instant | undefined) => Instant,
  read: (record: ReplayedRecord) => void,
): Promise<void> => {
  const chain = await readChain(ask, id)
  if (chain === undefined) return
  const [newest] = (await ask<{ readonly beginning: string }>(NEWEST, [id])).rows
  const from = since(newest && readTime(Buffer.from(newest.beginning)))
  const after = (await firstSince(ask, chain, from - CLOCKS_DIFFER_MS)) - 1
  for await (const { lines } of partOfChain(ask, chain, { after }).lines()) {
    for (const line of lines) {
      const record = readAction(line)
      if (record !== undefined && record.time >= from) read(record)
    }
  }
}
