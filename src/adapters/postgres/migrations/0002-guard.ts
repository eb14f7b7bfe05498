/**
 * The guard of the chains: the database itself refuses a fork, a line of an older tenure, and an epoch that goes back.
 * Its functions run with the rights of the owner, because the daemon's role may not change a chain. A statement is
 * checked as a whole, after its lines: a head that moved with each line would leave a dead row for each.
 */
export const GUARD = `
create function curfew.begin_chain() returns trigger language plpgsql security definer
set search_path = pg_catalog, pg_temp as $guard$
begin
  insert into curfew.chain (unit) values (new.id);
  return null;
end
$guard$;

create trigger begin_chain after insert on curfew.unit for each row execute function curfew.begin_chain();

create function curfew.raise_epoch() returns trigger language plpgsql security definer
set search_path = pg_catalog, pg_temp as $guard$
begin
  if new.epoch <= old.epoch then
    raise exception 'unit %: epoch % does not follow epoch %', old.key, new.epoch, old.epoch using errcode = 'CF003';
  end if;
  -- Lines that are being written belong to the earlier tenure: the grant waits until they are committed.
  perform from curfew.chain where unit = old.id for update;
  return new;
end
$guard$;

create trigger raise_epoch before update of epoch on curfew.unit for each row
when (old.epoch is distinct from new.epoch) execute function curfew.raise_epoch();

create function curfew.continue_chains() returns trigger language plpgsql security definer
set search_path = pg_catalog, pg_temp as $guard$
declare
  part record;
  head curfew.chain%rowtype;
  granted bigint;
  fork bigint;
begin
  for part in
    select unit, max(seq) as last, min(epoch) as oldest, max(epoch) as newest from added group by unit order by unit
  loop
    select * into head from curfew.chain where unit = part.unit for update;
    if not found then
      raise exception 'unit % has no chain', part.unit using errcode = 'CF002';
    end if;
    -- A statement of its own: it sees an epoch that was raised while the one before waited for the chain.
    select epoch into granted from curfew.unit where id = part.unit;
    if part.oldest <> granted or part.newest <> granted then
      raise exception 'unit %: the lines are of epoch %, and the unit is at epoch %', part.unit, part.oldest, granted
        using errcode = 'CF001';
    end if;
    select seq into fork from (
      select seq, line, row_number() over by_seq as place,
        lag(encode(sha256(convert_to(line, 'UTF8')), 'hex'), 1, head.hash) over by_seq as before
      from added where unit = part.unit window by_seq as (order by seq)
    ) as link
    where seq <> head.seq + place or not starts_with(line, '{"seq":' || seq || ',')
      or right(line, 74) <> '"prev":"' || before || '"}'
    order by seq limit 1;
    if found then
      raise exception 'unit %: line % does not continue the chain, whose last line is %', part.unit, fork, head.seq
        using errcode = 'CF002';
    end if;
    update curfew.chain set seq = part.last, hash = (
      select encode(sha256(convert_to(line, 'UTF8')), 'hex') from added where unit = part.unit and seq = part.last
    ) where unit = part.unit;
  end loop;
  return null;
end
$guard$;

create trigger continue_chains after insert on curfew.record referencing new table as added
for each statement execute function curfew.continue_chains();
`
