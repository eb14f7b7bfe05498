import { printable } from '../domain/printable.ts'
import { CONFIG_OPTION, type Command, complain, EXIT, say } from './command.ts'
import { databaseSettings } from './engine-settings.ts'
import { plural } from './number-text.ts'
import { asOwner, OWNER_OPTION } from './owner-option.ts'

export const engineAccept: Command = {
  about: `Goes on with a database that replicas refuse, because it is older than what they have seen, or a copy. Make sure
first that no replica uses the earlier database any more: two databases would grant each unit twice. Calls after the
time of the backup are not in its audit trail, and graces and cooldowns of that time are forgotten. Keep what was exported
of the earlier trail: the chains of both have the same beginning.

It refuses while replicas work with the database: stop them first. Those that refuse it may go on running.

Without --yes the command shows what the database has, and changes nothing.`,
  options: {
    yes: { summary: 'accept the database' },
    ...OWNER_OPTION,
    ...CONFIG_OPTION,
  },
  exitCodes: '0 if the database was accepted; 1 if not, also without --yes.',
  async run({ values }) {
    const settings = databaseSettings(String(values.config))
    if (settings === undefined) return EXIT.failed
    const { accept, engineOf } = await import('./compose-stored-engine.ts')
    const owner = asOwner(settings, values['owner-url'])
    if (values['yes'] === true) {
      const accepted = await accept(owner)
      if ('units' in accepted) {
        say(`${accepted.place}: accepted, with ${plural(accepted.units, 'unit')}. Replicas join it by themselves.`)
        return EXIT.ok
      }
      const found = plural(accepted.members, 'replica')
      complain(
        `curfew engine accept: ${accepted.place}: nothing was changed: found ${found} joined, expected none: replicas that refuse the database have not joined it. Stop those that have first`,
      )
      return EXIT.failed
    }
    const { place, units } = await engineOf(owner)
    say(`${place} has ${plural(units.length, 'unit')}. The audit trail of each ends with:`)
    for (const { unit, head } of units) say(`  ${printable(unit)}: line ${head.seq}, ${head.hash}`)
    const held = units.filter(({ isHeld }) => isHeld)
    if (held.length > 0) say(`Replicas hold ${plural(held.length, 'unit')} of it now.`)
    complain('curfew engine accept: nothing was changed: to accept this database, repeat the command with --yes')
    return EXIT.failed
  },
}
