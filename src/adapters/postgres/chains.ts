import type { AuditHead } from '../../app/audit.ts'
import type { Ask } from './ask.ts'

/** The chain of a unit, as the database tells of it. */
export interface UnitChain {
  readonly id: number
  /** The key of the unit. */
  readonly unit: string
  /** The newest line. */
  readonly head: AuditHead
  /** The last line that retention has removed. */
  readonly anchor: AuditHead
}

/** PostgreSQL gives a bigint as text. */
interface ChainRow {
  readonly id: number
  readonly key: string
  readonly seq: string
  readonly hash: string
  readonly anchor_seq: string
  readonly anchor_hash: string
}

/** The chains of all units, or of one. A unit that no replica was granted yet may have none. */
const CHAINS = `
select u.id, u.key, c.seq, c.hash, c.anchor_seq, c.anchor_hash
from curfew.unit u join curfew.chain c on c.unit = u.id
where $1::integer is null or u.id = $1
order by u.key collate "C"`

const chainOf = ({ id, key, seq, hash, anchor_seq, anchor_hash }: ChainRow): UnitChain => ({
  id,
  unit: key,
  head: { seq: Number(seq), hash },
  anchor: { seq: Number(anchor_seq), hash: anchor_hash },
})

/** The chains of all units, by their keys. */
export const readChains = async (ask: Ask): Promise<readonly UnitChain[]> =>
  (await ask<ChainRow>(CHAINS, [null])).rows.map(chainOf)

/** The chain of one unit. */
export const readChain = async (ask: Ask, id: number): Promise<UnitChain | undefined> =>
  (await ask<ChainRow>(CHAINS, [id])).rows.map(chainOf)[0]
