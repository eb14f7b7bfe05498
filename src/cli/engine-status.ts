import type { StoredEngine } from '../adapters/postgres/read-engine.ts'
import { printable } from '../domain/printable.ts'
import { columnTable } from './column-table.ts'
import { CONFIG_OPTION, type Command, EXIT, oneOf, outputOption, say } from './command.ts'
import { databaseSettings } from './engine-settings.ts'
import { isoOrNull } from './iso-or-null.ts'
import { plural } from './number-text.ts'

const OUTPUTS = ['text', 'json'] as const

export const engineStatus: Command = {
  about: `Shows the units (an account and Region each) in the database, which replica holds each of them, its tenure, the
newest line of its audit trail, and the generations of configurations. A unit has the account of its role in its key, or
"own": the account of Curfew's own credentials. The times are those of the clock of the database.
The command asks the database alone: a replica that cannot reach it is not shown.`,
  options: { ...outputOption(OUTPUTS), ...CONFIG_OPTION },
  exitCodes: '0; 1 if the database does not answer, or a unit has no replica.',
  async run({ values }) {
    const output = oneOf('output', values.output, OUTPUTS)
    const settings = databaseSettings(String(values.config))
    if (settings === undefined) return EXIT.failed
    const { engineOf } = await import('./compose-stored-engine.ts')
    const engine = await engineOf(settings)
    say(output === 'json' ? JSON.stringify(engineStatusJson(engine), null, 2) : textOf(engine))
    return engine.units.every(({ isHeld }) => isHeld) ? EXIT.ok : EXIT.failed
  },
}

/** The output of `engine status --output json`. */
export const engineStatusJson = ({ acceptedAt, units, generations }: StoredEngine) => ({
  acceptedAt: isoOrNull(acceptedAt),
  units: units.map(({ unit, isHeld, holder, epoch, grantedAt, head, savedAt }) => ({
    unit,
    held: isHeld,
    holder: holder ?? null,
    epoch,
    grantedAt: isoOrNull(grantedAt),
    head,
    savedAt: isoOrNull(savedAt),
  })),
  generations: generations.map((one) => ({ ...one, declaredAt: isoOrNull(one.declaredAt) })),
})

const textOf = ({ units, generations }: StoredEngine): string => {
  const shown = units.map(({ unit, isHeld, holder, epoch, grantedAt, head }) => [
    printable(unit),
    isHeld ? printable(holder ?? '') : 'nobody',
    String(epoch),
    isoOrNull(grantedAt) ?? 'never',
    String(head.seq),
  ])
  const titles = [
    { title: 'UNIT', isName: true },
    { title: 'HELD BY', isName: true },
    { title: 'TENURE', align: 'right' as const },
    { title: 'SINCE' },
    { title: 'LINE', align: 'right' as const },
  ]
  const free = units.filter(({ isHeld }) => !isHeld).length
  const replicas = generations.reduce((sum, { members }) => sum + members, 0)
  return [
    ...(units.length === 0 ? [] : [columnTable(titles, shown), '']),
    `${plural(replicas, 'replica')}, ${plural(units.length, 'unit')}${free === 0 ? '' : `, ${free} of them held by nobody`}`,
    ...generations.map(
      ({ generation, configurationHash, declaredBy, declaredAt, members }) =>
        `generation ${generation}: ${configurationHash.slice(0, 12)}, by ${printable(declaredBy)} at ${isoOrNull(declaredAt)}, ${plural(members, 'replica')}`,
    ),
  ].join('\n')
}
