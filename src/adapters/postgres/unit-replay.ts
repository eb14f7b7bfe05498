import type { AuditHead, ReplayedRecord } from '../../app/audit.ts'
import { KeepingUnreached } from '../../app/tenure.ts'
import { HOUR, type Instant } from '../../domain/time/instant.ts'
import { BEGINNING_BYTES, readTime } from '../audit/audit-line.ts'
import { readAction } from '../audit/replay.ts'
import type { Ask } from './ask.ts'
import { firstSince, numberedLines } from './chain-part.ts'
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
  /** The last line of the earlier tenures, as the grant names it. Default: whatever the server has. */
  granted?: AuditHead,
): Promise<void> => {
  const chain = await readChain(ask, id)
  const reaches = (seq: number, hash: string | undefined) => {
    if (granted === undefined || seq > granted.seq || (seq === granted.seq && hash === granted.hash)) return
    throw new KeepingUnreached(
      `the chain of ${chain?.unit ?? `unit ${id}`} was not read to its end: it ends with line ${seq} there, and the tenure was granted after line ${granted.seq}. Does the name of the host lead to another server than before? If not, "curfew audit verify" says what is wrong with the chain`,
    )
  }
  if (chain === undefined) return reaches(0, granted?.hash)
  reaches(chain.head.seq, chain.head.hash)
  const [newest] = (await ask<{ readonly beginning: string }>(NEWEST, [id])).rows
  const from = since(newest && readTime(Buffer.from(newest.beginning)))
  const after = (await firstSince(ask, chain, from - CLOCKS_DIFFER_MS)) - 1
  let reached = after
  for await (const { lines, last } of numberedLines(ask, id, { after })) {
    reached = last
    for (const line of lines) {
      const record = readAction(line)
      if (record !== undefined && record.time >= from) read(record)
    }
  }
  // The lines come in statements of their own.
  reaches(reached, granted?.hash)
}
