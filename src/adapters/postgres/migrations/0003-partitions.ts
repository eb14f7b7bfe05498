/**
 * The partitions of the records, one for each month in UTC. The default partition takes the lines of a month without one,
 * so that no line is ever refused for the lack of it. A new partition is attached, because creating it in place would
 * block the writers. A lock that is not free within a second is left for the next call.
 */
export const PARTITIONS = `
create table curfew.record_other partition of curfew.record default;

create function curfew.make_partitions() returns integer language plpgsql security definer
set search_path = pg_catalog, pg_temp set timezone = 'UTC' set lock_timeout = '1s' as $partitions$
declare
  begins timestamptz;
  ends timestamptz;
  name text;
  made integer := 0;
begin
  if not pg_try_advisory_xact_lock(1128683267, 1) then
    return 0;
  end if;
  for months in 0..1 loop
    begins := date_trunc('month', clock_timestamp()) + make_interval(months => months);
    ends := begins + interval '1 month';
    name := 'record_' || to_char(begins, 'YYYY_MM');
    continue when to_regclass('curfew.' || name) is not null;
    execute format('create table curfew.%I (like curfew.record including all)', name);
    execute format('with moved as (delete from curfew.record_other where recorded_at >= %L and recorded_at < %L returning *)
      insert into curfew.%I select * from moved', begins, ends, name);
    execute format('alter table curfew.record attach partition curfew.%I for values from (%L) to (%L)', name, begins, ends);
    made := made + 1;
  end loop;
  return made;
exception when lock_not_available then
  return 0;
end
$partitions$;

select curfew.make_partitions();
`
