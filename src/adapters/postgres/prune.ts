import type { AuditHead } from '../../app/audit.ts'
import { DAY, type Instant, toIso } from '../../domain/time/instant.ts'
import type { Ask } from './ask.ts'

/** The lines of a unit that are removed. The last of them is the anchor of what stays. */
interface RemovedLines {
  readonly unit: string
  readonly lines: number
  readonly anchor: AuditHead
}

/** What retention removes, or would remove. */
export interface Pruned {
  /** The partitions, oldest first. Each has the lines of a month. */
  readonly partitions: readonly string[]
  readonly units: readonly RemovedLines[]
}

/** Retention removes nothing. `message` is one line for an operator. */
export class NotPruned extends Error {
  override name = 'NotPruned'
}

/**
 * The shortest time for which lines stay: a start reads the extensions of a day and the intents of an hour, by the time
 * of the newest line. A line may also be written a day after its time.
 */
const READ_AGAIN_MS = 2 * DAY

/** A writer waits behind this statement. It must not wait as long as its lease. */
const LOCK_TIMEOUT_MS = 500
const LOCK_ATTEMPTS = 40

/** Partitions whose last instant is not after `$1`. The default partition has no bound. */
const PARTITIONS = `
select name from (
  select format('%I.%I', n.nspname, c.relname) as name,
    (regexp_match(pg_get_expr(c.relpartbound, c.oid), $re$TO \\('([^']+)'\\)$re$))[1]::timestamptz as until
  from pg_inherits i
  join pg_class c on c.oid = i.inhrelid
  join pg_namespace n on n.oid = c.relnamespace
  where i.inhparent = 'curfew.record'::regclass
) as partition
where until <= $1
order by until`

/** The default partition, which takes lines of months without a partition of their own. */
const DEFAULT_PARTITION = `
select format('%I.%I', n.nspname, c.relname) as name
from pg_partitioned_table t join pg_class c on c.oid = t.partdefid join pg_namespace n on n.oid = c.relnamespace
where t.partrelid = 'curfew.record'::regclass`

const REMOVED = `
select u.id, u.key, old.lines, r.seq, encode(sha256(convert_to(r.line, 'UTF8')), 'hex') as hash
from (
  select unit, count(*) as lines, max(seq) as seq from curfew.record where recorded_at < $1 group by unit
) as old
join curfew.record r on r.unit = old.unit and r.seq = old.seq
join curfew.unit u on u.id = old.unit
order by u.key collate "C"`

/** A clock of the database that went back leaves lines whose numbers and times have different orders. */
const OUT_OF_ORDER = `
select u.key from unnest($2::integer[], $3::bigint[]) as old(unit, seq)
join curfew.unit u on u.id = old.unit
where exists (
  select from curfew.record r where r.unit = old.unit and r.seq < old.seq and r.recorded_at >= $1
)
limit 1`

const MOVE_ANCHORS = `
update curfew.chain c set anchor_seq = old.seq, anchor_hash = old.hash
from unnest($1::integer[], $2::bigint[], $3::text[]) as old(unit, seq, hash)
where c.unit = old.unit and c.anchor_seq < old.seq`

interface RemovedRow {
  readonly id: number
  readonly key: string
  readonly lines: string
  readonly seq: string
  readonly hash: string
}

/**
 * Removes the lines that were recorded before an instant, and keeps the number and the hash of the last one of each unit,
 * all or nothing. `ask` speaks to one session, as the owner of the tables. `neededMs`: for how long a start needs intents
 * because of cooldowns. The writers wait for parts of a second.
 */
export const pruneTrail = async (
  ask: Ask,
  options: { readonly before: Instant; readonly neededMs: number; readonly isDryRun?: boolean },
  sleep: (ms: number) => Promise<void>,
): Promise<Pruned> => {
  const before = toIso(options.before)
  await refuseNeeded(ask, options.before, Math.max(READ_AGAIN_MS, options.neededMs))
  const found = await removedBefore(ask, before)
  if (options.isDryRun === true || (found.partitions.length === 0 && found.rows.length === 0)) return prunedOf(found)
  for (let attempt = 1; ; attempt++) {
    try {
      return await removeBefore(ask, before)
    } catch (error) {
      if (attempt >= LOCK_ATTEMPTS || !MAY_SUCCEED_LATER.has(String((error as { code?: unknown }).code))) throw error
    }
    await sleep(LOCK_TIMEOUT_MS)
  }
}

/** `lock_not_available` and `deadlock_detected`. */
const MAY_SUCCEED_LATER: ReadonlySet<string> = new Set(['55P03', '40P01'])

interface Found {
  readonly partitions: readonly string[]
  readonly rows: readonly RemovedRow[]
}

const prunedOf = ({ partitions, rows }: Found): Pruned => ({
  partitions,
  units: rows.map(({ key, lines, seq, hash }) => ({
    unit: key,
    lines: Number(lines),
    anchor: { seq: Number(seq), hash },
  })),
})

/** By the clock of the database, which has dated the lines. */
const refuseNeeded = async (ask: Ask, before: Instant, neededMs: number): Promise<void> => {
  const { rows } = await ask<{ readonly at: Date }>('select clock_timestamp() as at')
  const latest = (rows[0]?.at.getTime() ?? 0) - neededMs
  if (before <= latest) return
  const days = Math.ceil(neededMs / DAY)
  throw new NotPruned(
    `lines of the last ${days} days stay: open intents, extensions and cooldowns need them at the next start. The month must begin before ${toIso(latest)}`,
  )
}

const removedBefore = async (ask: Ask, before: string | null): Promise<Found> => {
  const partitions = (await ask<{ readonly name: string }>(PARTITIONS, [before])).rows.map(({ name }) => name)
  const { rows } = await ask<RemovedRow>(REMOVED, [before])
  const units = rows.map(({ id }) => id)
  const seqs = rows.map(({ seq }) => seq)
  const [disordered] = (await ask<{ readonly key: string }>(OUT_OF_ORDER, [before, units, seqs])).rows
  if (disordered !== undefined) {
    throw new NotPruned(
      `unit ${disordered.key}: a line that would stay has a lower number than one that would be removed, because the clock of the database went back. Nothing was removed: choose an earlier month`,
    )
  }
  return { partitions, rows }
}

const removeBefore = async (ask: Ask, before: string | null): Promise<Pruned> => {
  await ask('begin')
  try {
    await ask(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`)
    const found = await removedBefore(ask, before)
    const { partitions, rows } = found
    // Before the rows of the chains: a writer locks the table first too.
    await ask('lock table curfew.record in access exclusive mode')
    const values = [rows.map(({ id }) => id), rows.map(({ seq }) => seq), rows.map(({ hash }) => hash)]
    await ask(MOVE_ANCHORS, values)
    for (const name of partitions) {
      await ask(`alter table curfew.record detach partition ${name}`)
      await ask(`drop table ${name}`)
    }
    const [kept] = (await ask<{ readonly name: string }>(DEFAULT_PARTITION)).rows
    if (kept !== undefined) await ask(`delete from ${kept.name} where recorded_at < $1`, [before])
    await ask('commit')
    return prunedOf(found)
  } catch (error) {
    await ask('rollback')
    throw error
  }
}
