/** The tables, but for that of the steps. */
export const TABLES = `
-- The database that this is. A copy on another server, or restored into another database, has other values there.
create table curfew.origin (
  only_one boolean primary key default true check (only_one),
  -- Changes when an operator accepts a restored database: what replicas remember of the earlier one no longer counts.
  incarnation uuid not null default gen_random_uuid(),
  system_identifier bigint not null,
  database_oid oid not null,
  accepted_at timestamptz not null default clock_timestamp()
);

create table curfew.unit (
  id integer generated always as identity primary key,
  key text not null unique,
  -- Raised by each grant. What an older tenure writes is refused.
  epoch bigint not null default 0,
  holder text,
  granted_at timestamptz,
  state bytea,
  -- The epoch that saved the state, and the version of its format.
  state_epoch bigint,
  state_version integer not null default 0,
  saved_at timestamptz,
  -- A state that could not be read, when it was put aside.
  unreadable bytea,
  unreadable_at timestamptz
);

-- The head of each chain, and its anchor: the last record that retention has removed.
create table curfew.chain (
  unit integer primary key references curfew.unit,
  seq bigint not null default 0,
  hash text not null default repeat('0', 64),
  anchor_seq bigint not null default 0,
  anchor_hash text not null default repeat('0', 64)
);

create table curfew.record (
  -- Without a foreign key: the guard of the chains refuses a unit without a chain.
  unit integer not null,
  seq bigint not null,
  epoch bigint not null,
  -- By the clock of the database, which all replicas share.
  recorded_at timestamptz not null default clock_timestamp(),
  -- The line as a file would hold it, without the line feed. Its SHA-256 is what the next line names.
  line text not null,
  primary key (unit, seq, recorded_at)
) partition by range (recorded_at);

create index record_by_time on curfew.record (unit, recorded_at);

-- A tenure asks which texts of policy sets the month has, among many other lines. The event stands behind the time.
create index record_policy_set on curfew.record (unit, recorded_at)
where substr(line, 1, 96) like '%"event":"policy-set"%';

-- A configuration that replicas share. The newest one enforces.
create table curfew.generation (
  id integer generated always as identity primary key,
  configuration_hash text not null,
  declared_by text not null,
  declared_at timestamptz not null default clock_timestamp()
);
`
