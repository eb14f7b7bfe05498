import { printable } from '../domain/printable.ts'
import { CONFIG_OPTION, type Command, complain, EXIT, say } from './command.ts'
import { databaseSettings } from './engine-settings.ts'
import { asOwner, OWNER_OPTION } from './owner-option.ts'

export const engineMigrate: Command = {
  about: `Makes the schema "curfew" of this program in the database of the daemon's file, or brings an earlier one up to
it. Everything is done in one transaction, and nothing where it is done already. Run it before replicas of a new version
start; those of the version before go on with it until they are replaced, or say that the schema is newer.

The role that signs in owns the schema; it needs the right CREATE on the database. The daemon signs in as another one,
with the rights of --daemon-role alone: it reads everything and adds records, but changes and removes none. The command
makes that role without a login. Grant it to a login: create role curfew login in role curfew_daemon password '…'

With --print an administrator sees the SQL, and may run it with psql instead. Nothing is connected then.
The tables belong to the role that runs it: begin with "set role curfew_owner;", or sign in as the owner.`,
  options: {
    print: { summary: 'print the SQL, and connect to nothing' },
    'daemon-role': { value: 'NAME', default: 'curfew_daemon', summary: 'the role that has the rights of a daemon' },
    ...OWNER_OPTION,
    ...CONFIG_OPTION,
  },
  exitCodes: '0, also if there is nothing to do; 1 if the database was not migrated. It is unchanged then.',
  async run({ values }) {
    const role = String(values['daemon-role'])
    const { migrateDatabase, printedMigration } = await import('./compose-migrate.ts')
    if (values['print'] === true) {
      say(printedMigration(role).trimEnd())
      return EXIT.ok
    }
    const settings = databaseSettings(String(values.config))
    if (settings === undefined) return EXIT.failed
    const { place, from, to, hasMadeRole, notices } = await migrateDatabase(
      asOwner(settings, values['owner-url']),
      role,
    )
    const name = printable(role)
    if (from === to) say(`${place}: the schema is of version ${to} already; the rights of ${name} were granted again`)
    else if (from === 0) say(`${place}: made the schema curfew, of version ${to}`)
    else say(`${place}: brought the schema curfew from version ${from} to version ${to}`)
    if (hasMadeRole) say(`made the role ${name}, without a login: grant it to the login of the daemon`)
    for (const notice of notices) complain(`curfew engine migrate: ${printable(notice)}`)
    return EXIT.ok
  },
}
