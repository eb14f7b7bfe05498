/**
 * Views for people who ask in SQL, such as a dashboard: what the trail says, and who holds what. They show neither the
 * state of a unit nor a line as it is. PostgreSQL refuses the character with the number zero that JSON allows.
 */
export const VIEWS = `
-- Finds the part of a month that a question is about.
create index record_by_recorded_at on curfew.record using brin (recorded_at);

create view curfew.trail as
select unit.key as unit, record.seq, record.epoch, record.recorded_at, octet_length(record.line) as bytes,
  field.time, field.event, field."endpointId" as endpoint_id, field.account, field.region,
  field."connectionId" as connection_id, field.username, field."commonName" as common_name,
  coalesce(nullif(field.username, ''), nullif(field."commonName", '')) as principal,
  field.policy, field.reason, field.because, field.call ->> 'id' as call_id, field.outcome
from curfew.record
join curfew.unit on unit.id = record.unit
cross join lateral json_to_record(replace(record.line, '\\u0000', '\\ufffd')::json) as field(
  "time" timestamptz, event text, "endpointId" text, account text, region text, "connectionId" text, username text,
  "commonName" text, policy text, reason text, because text, call json, outcome text
);

create view curfew.holding as
select unit.key as unit, unit.holder, unit.epoch, unit.granted_at, unit.saved_at, chain.seq as records,
  exists (
    select from pg_locks where locktype = 'advisory' and granted and objsubid = 2 and classid = 1128683265
      and objid = unit.id::oid and database = (select oid from pg_database where datname = current_database())
  ) as is_held
from curfew.unit
left join curfew.chain on chain.unit = unit.id;
`
