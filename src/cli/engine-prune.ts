import type { Pruned } from '../adapters/postgres/prune.ts'
import type { Policy } from '../domain/policies/policy.ts'
import { printable } from '../domain/printable.ts'
import { HOUR } from '../domain/time/instant.ts'
import {
  CONFIG_OPTION,
  type Command,
  EXIT,
  OperatorError,
  oneOf,
  outputOption,
  say,
  stringOf,
  UsageError,
} from './command.ts'
import { readToShow } from './compose-files.ts'
import { plural } from './number-text.ts'
import { asOwner, OWNER_OPTION } from './owner-option.ts'
import { configurationOrComplain } from './problems.ts'

const OUTPUTS = ['text', 'json'] as const

export const enginePrune: Command = {
  about: `Removes the months before --before from the trail in the database, for all units. The number and the hash of the
last line that is removed stay as the anchor of each chain, in the same transaction, so that "curfew audit verify" proves
what is left. Export the lines first if they must be kept: curfew audit export DIR

What a start of a replica needs stays: the lines of the last two days, and those of the longest cooldown. The replicas run
meanwhile; their writes wait for parts of a second. The role must own the tables.`,
  options: {
    before: { value: 'YYYY-MM', summary: 'the first month that stays' },
    'dry-run': { summary: 'say what would be removed, and remove nothing' },
    ...OWNER_OPTION,
    ...outputOption(OUTPUTS),
    ...CONFIG_OPTION,
  },
  exitCodes: '0, also if there is nothing to remove; 1 if nothing could be removed.',
  async run({ values }) {
    const output = oneOf('output', values.output, OUTPUTS)
    const before = monthOf(stringOf(values.before))
    const isDryRun = values['dry-run'] === true
    const { configuration } = configurationOrComplain(readToShow(String(values.config)))
    if (configuration === undefined) return EXIT.failed
    const { engine, audit, policies } = configuration
    if (engine.kind === 'files') {
      throw new OperatorError(`the trail is in files: remove rotated parts of ${audit.file} by their age instead`)
    }
    const { prune } = await import('./compose-prune.ts')
    const neededMs = longestCooldown(policies) + HOUR
    const pruned = await prune(asOwner(engine, values['owner-url']), { before, neededMs, isDryRun })
    if (output === 'json') say(JSON.stringify({ removed: !isDryRun, ...pruned }, null, 2))
    else say(textOf(pruned, isDryRun))
    return EXIT.ok
  },
}

/** A cooldown counts only while its intent is in the trail. */
const longestCooldown = (policies: readonly Policy[]): number =>
  policies.reduce((longest, { cooldownMs }) => Math.max(longest, cooldownMs), 0)

const monthOf = (text: string | undefined): number => {
  const [, year, month] = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(text ?? '') ?? []
  if (year === undefined || month === undefined) {
    throw new UsageError(
      `--before: expected a month such as 2026-01, found ${text === undefined ? 'none' : `"${text}"`}`,
    )
  }
  return Date.UTC(Number(year), Number(month) - 1)
}

const textOf = ({ partitions, units }: Pruned, isDryRun: boolean): string => {
  if (partitions.length === 0 && units.length === 0) return 'nothing to remove: the trail has no earlier month'
  const lines = units.reduce((sum, unit) => sum + unit.lines, 0)
  return [
    ...units.map(({ unit, lines: own, anchor }) =>
      [`unit  ${printable(unit)}`, `      ${plural(own, 'record')}`, `after ${anchor.seq} ${anchor.hash}`].join('\n'),
    ),
    '',
    `${isDryRun ? 'Would remove' : 'Removed'} ${plural(lines, 'record')} of ${plural(units.length, 'unit')} with ${plural(partitions.length, 'partition')}${partitions.length === 0 ? '' : `: ${partitions.map(printable).join(', ')}`}`,
  ].join('\n')
}
