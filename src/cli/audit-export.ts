import type { ChainReport } from '../adapters/audit/verify-chain.ts'
import { printable } from '../domain/printable.ts'
import {
  CONFIG_OPTION,
  type Command,
  complain,
  EXIT,
  OperatorError,
  oneOf,
  outputOption,
  say,
  stringOf,
} from './command.ts'
import { readToShow } from './compose-files.ts'
import { plural } from './number-text.ts'
import { painted } from './paint.ts'
import { configurationOrComplain } from './problems.ts'
import { UNIT_OPTION } from './trails.ts'

const OUTPUTS = ['text', 'json'] as const

export const auditExport: Command = {
  about: `Writes the chain of each unit in the database into a file of its own in DIR, which is created if it is missing.
Each line of the file is a line of the chain, byte for byte, so that "curfew audit verify FILE" proves it on a machine
that cannot reach the database. Each file is checked after it is written, and the head of a whole one is printed: keep
the heads elsewhere, as anchors for later checks. A file that is there already is not replaced.

The replicas may run meanwhile. What they add after the command has begun may be in the files, or not.`,
  operands: { name: 'DIR', isRequired: true },
  options: { ...UNIT_OPTION, ...outputOption(OUTPUTS), ...CONFIG_OPTION },
  exitCodes: '0; 1 if a chain is not whole, or if a file cannot be written. A chain that is not whole is written too.',
  async run({ values, positionals: [folder = ''] }) {
    const output = oneOf('output', values.output, OUTPUTS)
    const { configuration } = configurationOrComplain(readToShow(String(values.config)))
    if (configuration === undefined) return EXIT.failed
    const { engine, audit } = configuration
    if (engine.kind === 'files') {
      throw new OperatorError(`the trail is in files already: copy ${audit.file} with its rotated parts`)
    }
    const { exportChains } = await import('./compose-export.ts')
    const rows: ExportedChain[] = []
    for await (const row of exportChains(engine, { folder, part: stringOf(values.unit) })) {
      const { fault } = row.report
      rows.push(row)
      if (fault !== undefined) {
        complain(printable(`${fault.file}:${fault.line}: error: expected ${fault.expected}, found ${fault.found}`))
      }
      if (output === 'text') say(rowText(row))
    }
    const faulty = rows.filter(({ report }) => report.fault !== undefined).length
    if (output === 'json') say(JSON.stringify({ whole: faulty === 0, units: rows.map(rowJson) }, null, 2))
    else say(`\n${closingText(rows.length, faulty)}`)
    return faulty === 0 ? EXIT.ok : EXIT.failed
  },
}

/** The chain of a unit, as it was written and checked. */
interface ExportedChain {
  readonly unit: string
  readonly file: string
  readonly report: ChainReport
}

const rowText = ({ unit, file, report }: ExportedChain): string => {
  const { records, before, head, fault } = report
  const from = before.seq === 0 ? '' : ` --from ${before.seq + 1} --anchor ${before.seq}:${before.hash}`
  return [
    painted('bold', `unit  ${printable(unit)}`),
    `file  ${printable(file)}`,
    `      ${plural(records, 'record')}: curfew audit verify${from} ${printable(file)}`,
    // The line before a fault may be the changed one: its hash must not be kept as an anchor.
    ...(fault === undefined ? [`head  ${head.seq} ${head.hash}`] : []),
  ].join('\n')
}

const rowJson = ({ unit, file, report: { records, before, head, fault } }: ExportedChain) => ({
  unit,
  file,
  whole: fault === undefined,
  records,
  after: before.seq === 0 ? null : before,
  head: fault === undefined ? head : null,
  fault: fault ?? null,
})

const closingText = (units: number, faulty: number) =>
  faulty === 0
    ? painted('green', `${plural(units, 'chain')} written, all are whole`)
    : painted('red', `${plural(units, 'chain')} written, of which ${faulty} ${faulty === 1 ? 'has' : 'have'} a fault`)
