-- The login of the daemon, as the owner of the database makes it. `curfew engine migrate` gives the rights to the role
-- curfew_daemon.
create role curfew_daemon nologin;
create role curfew login password 'daemon' in role curfew_daemon;
