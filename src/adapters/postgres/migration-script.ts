import { escapeIdentifier, escapeLiteral } from 'pg'
import { MIGRATIONS } from './migrations/migrations.ts'

/** The lock that two migrations at once wait for. `make_partitions` has its second one. */
const LOCK = '1128683267, 0'

/** The role of the daemon where the operator names no other. */
export const DAEMON_ROLE = 'curfew_daemon'

/** The code of what the script tells an operator without an error. */
export const NOTICE_OF_CURFEW = 'CF020'

/** The role of those who ask in SQL, such as a dashboard. */
export const READER_ROLE = 'curfew_reader'

/** A text in SQL between marks that it does not hold. */
const quoted = (text: string): string => `$migration$${text}$migration$`

const step = (sql: string, index: number): string => `
do $step$
begin
  if not exists (select from curfew.migration where version = ${index + 1}) then
    execute ${quoted(sql)};
    insert into curfew.migration (version) values (${index + 1});
  end if;
end
$step$;
`

/** The first step makes the table of the steps too. */
const FIRST = `
do $first$
begin
  if current_setting('server_version_num')::integer < 140000 then
    raise exception 'PostgreSQL % is too old: Curfew needs 14 or later, which ends silent sessions by itself', current_setting('server_version')
      using errcode = 'CF010';
  end if;
  if getdatabaseencoding() <> 'UTF8' then
    raise exception 'the encoding of the database is %: create one with encoding UTF8', getdatabaseencoding()
      using errcode = 'CF011';
  end if;
  if to_regnamespace('curfew') is null then
    create schema curfew;
  end if;
  if to_regclass('curfew.migration') is null then
    create table curfew.migration (
      version integer primary key,
      applied_at timestamptz not null default clock_timestamp()
    );
  elsif exists (select from curfew.migration where version > ${MIGRATIONS.length}) then
    raise exception 'the schema is of version %, and this program knows up to version ${MIGRATIONS.length}: use a newer program',
      (select max(version) from curfew.migration) using errcode = 'CF012';
  end if;
end
$first$;
`

const origin = `
do $origin$
begin
  if not exists (select from curfew.origin) then
    insert into curfew.origin (system_identifier, database_oid)
    select (pg_control_system()).system_identifier, oid from pg_database where datname = current_database();
  end if;
end
$origin$;
`

const roleOf = (role: string): string => `
do $role$
begin
  if not exists (select from pg_roles where rolname = ${escapeLiteral(role)}) then
    create role ${escapeIdentifier(role)} nologin;
  end if;
exception when insufficient_privilege then
  raise exception 'this role may not create the role %: let an administrator run "create role % nologin", and migrate again',
    ${escapeLiteral(role)}, ${escapeLiteral(escapeIdentifier(role))} using errcode = 'CF013';
end
$role$;
`

/** The rights of the daemon: it reads everything, adds records, units and generations, and changes units alone. */
const grantsOf = (role: string): string => `
grant usage on schema curfew to ${role};
grant select on curfew.migration, curfew.origin, curfew.unit, curfew.chain, curfew.record, curfew.generation to ${role};
grant insert (key) on curfew.unit to ${role};
grant update (epoch, holder, granted_at, state, state_epoch, state_version, policy_sets, saved_at, unreadable, unreadable_at)
  on curfew.unit to ${role};
grant insert (unit, seq, epoch, line) on curfew.record to ${role};
grant insert (configuration_hash, declared_by) on curfew.generation to ${role};
revoke all on function curfew.make_partitions() from public;
grant execute on function curfew.make_partitions() to ${role};
`

/**
 * The role of readers sees the views alone. Nothing depends on it, so an owner who may not create it migrates without
 * it. Once an administrator has created it, the next migration grants it the views.
 */
const READER = `
do $reader$
begin
  if not exists (select from pg_roles where rolname = '${READER_ROLE}') then
    create role ${READER_ROLE} nologin;
  end if;
exception
when duplicate_object or unique_violation then
  -- The migration of another database of the server has created it at the same time.
  null;
when insufficient_privilege then
  raise notice 'this role may not create the role ${READER_ROLE}, which is for dashboards: let an administrator create it, and migrate again'
    using errcode = '${NOTICE_OF_CURFEW}';
end
$reader$;
do $reader$
begin
  if exists (select from pg_roles where rolname = '${READER_ROLE}') then
    grant usage on schema curfew to ${READER_ROLE};
    grant select on curfew.trail, curfew.holding to ${READER_ROLE};
  end if;
end
$reader$;
`

/**
 * The SQL that makes the schema of this program out of any earlier one, or out of nothing, in one transaction. It may run
 * twice. What an administrator reads is thus what the command runs.
 */
export const migrationScript = (daemonRole: string): string =>
  [
    `-- The schema of Curfew, version ${MIGRATIONS.length}. It may run more than once.`,
    '-- What it makes belongs to the role that runs it. As an administrator, first: set role curfew_owner;',
    'begin;',
    `select pg_advisory_xact_lock(${LOCK});`,
    FIRST,
    ...MIGRATIONS.map(step),
    origin,
    roleOf(daemonRole),
    grantsOf(escapeIdentifier(daemonRole)),
    READER,
    'commit;',
    '',
  ].join('\n')
