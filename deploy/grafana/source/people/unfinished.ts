import type { Row } from '../dashboard.ts'
import { logTable } from '../log-table.ts'
import { ENDS, recorded, rows } from '../sql.ts'

/** Calls of which nobody knows the end yet. */
export const unfinished = (): Row => ({
  title: 'Calls whose end is not known',
  panels: [
    logTable({
      title: 'Intents without an outcome',
      description:
        'Calls that were going to leave, and of which the trail does not say what became of them: they are under way, or their replica was lost and its successor follows them. One that is older than ten minutes needs a look.',
      runbook: 'CurfewTerminationGaveUp',
      width: 24,
      height: 8,
      query: rows(`with line as materialized (
  select * from curfew.trail where recorded_at >= $__timeFrom() and event in ('intent', 'outcome', 'gave-up')
), known as (
  select unit, connection_id, max(seq) filter (where outcome in (${ENDS})) as ended_by,
    (array_agg(outcome order by seq desc))[1] as newest
  from line where event <> 'intent' group by unit, connection_id
), intent as (
  select * from ${recorded(`event = 'intent'`)}
)
select time as "Time", principal as "Person", policy as "Policy", unit as "Unit", endpoint_id as "Endpoint",
  connection_id as "Connection", call_id as "Call", epoch as "Tenure", coalesce(known.newest, 'nothing') as "AWS said"
from intent left join known using (unit, connection_id)
where known.ended_by is null or known.ended_by < intent.seq
order by recorded_at desc
limit 200`),
    }),
  ],
})
