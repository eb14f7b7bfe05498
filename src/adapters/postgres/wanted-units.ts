import { restored } from './restored.ts'
import { behind, type Progress, type Seen } from './seen.ts'
import type { Session } from './session.ts'

interface UnitRow {
  readonly id: number
  readonly key: string
  readonly epoch: string
  readonly seq: string
}

/**
 * The ids of the wanted units. Missing ones are added, after the database was compared with what was seen: a unit that is
 * missing in an older backup must not begin anew.
 */
export const idsOf = async (
  session: Session,
  wanted: readonly string[],
  incarnation: string,
  seen: Seen | undefined,
): Promise<ReadonlyMap<string, number>> => {
  const read = async () => {
    const { rows } = await session.ask<UnitRow>(
      `select id, key, epoch, coalesce(seq, 0) as seq from curfew.unit left join curfew.chain on chain.unit = unit.id
       where key = any($1::text[])`,
      [wanted],
    )
    return rows
  }
  const rows = await read()
  const units = new Map(rows.map(({ key, epoch, seq }): [string, Progress] => [key, { epoch: +epoch, seq: +seq }]))
  const older = behind(seen, { incarnation, units }, wanted)
  if (older !== undefined) throw restored(older)
  if (rows.length < wanted.length) {
    await session.ask(
      `insert into curfew.unit (key) select key from unnest($1::text[]) as key
       where not exists (select from curfew.unit where unit.key = key.key) and ${session.ours} on conflict do nothing`,
      [wanted],
    )
  }
  const known = rows.length < wanted.length ? await read() : rows
  return new Map(known.map(({ id, key }) => [key, id]))
}
