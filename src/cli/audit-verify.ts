import type { ChainReport } from '../adapters/audit/verify-chain.ts'
import type { AuditHead } from '../app/audit.ts'
import { printable } from '../domain/printable.ts'
import {
  CONFIG_OPTION,
  type Command,
  complain,
  EXIT,
  oneOf,
  outputOption,
  say,
  stringOf,
  stringsOf,
  UsageError,
} from './command.ts'
import { plural } from './number-text.ts'
import { painted } from './paint.ts'
import type { Trail } from './trail.ts'
import { trailsOrComplain, UNIT_OPTION } from './trails.ts'

const OUTPUTS = ['text', 'json'] as const

export const auditVerify: Command = {
  about: `Checks the hash chain of an audit trail: that no line is missing, added, changed or moved. Without files it
checks the trail that the daemon's file names, with all its rotated parts. Files may be given in any order, and gzip may
have compressed them: curfew audit verify data/audit.jsonl* Lock files and the kept ends of torn lines are skipped. The
first fault is reported as file:line, with what was expected and what was found.

In a database the chain of each unit is checked, from the anchor that retention keeps to the head that the database
keeps. The first fault of each is reported as unit:line.

The chain alone cannot show that its last line was changed, that lines were removed after it, or that the whole chain
was written anew. Give a head that was kept elsewhere, such as one of the log events audit-head: --anchor proves that
the lines up to SEQ are those of that time.`,
  operands: { name: 'FILE', areMany: true },
  options: {
    anchor: { value: 'SEQ:HASH', multiple: true, summary: 'line SEQ must have this hash' },
    ...UNIT_OPTION,
    from: {
      value: 'SEQ',
      summary:
        'the files begin with line SEQ, because earlier ones were removed. An anchor of line SEQ - 1 proves that line SEQ is the next one',
    },
    ...outputOption(OUTPUTS),
    ...CONFIG_OPTION,
  },
  exitCodes: '0 if the chain is whole; 1 if it is not, or if a file cannot be read.',
  async run({ values, positionals }) {
    const output = oneOf('output', values.output, OUTPUTS)
    const from = readFrom(stringOf(values.from))
    const anchors = stringsOf(values.anchor).map(readAnchor)
    const early = anchors.find(({ seq }) => seq < from - 1)
    if (early !== undefined) {
      throw new UsageError(`--anchor ${early.seq}: line ${early.seq} is not checked, since --from begins with ${from}`)
    }
    const place = { configPath: String(values.config), unit: stringOf(values.unit) }
    await using trails = await trailsOrComplain('audit verify FILE...', positionals, place)
    if (trails === undefined) return EXIT.failed
    if (trails.all.length > 1 && anchors.length > 0) {
      throw new UsageError(`--anchor: each of ${trails.all.length} units has a chain of its own: name one with --unit`)
    }

    const checked: Checked[] = []
    for (const trail of trails.all) {
      const report = await trail.verify({ from, anchors })
      const { fault } = report
      checked.push({ trail, report })
      if (fault !== undefined) {
        const { file, line, expected, found } = fault
        complain(printable(`${file}:${line}: error: expected ${expected}, found ${found}`))
      }
      if (output === 'text') sayReport({ trail, report }, anchors, from)
    }
    const faulty = checked.filter(({ report }) => report.fault !== undefined).length
    if (output === 'json') say(JSON.stringify(jsonOf(checked, anchors), null, 2))
    else if (checked.length > 1) say(`\n${closingText(checked.length, faulty)}`)
    return faulty === 0 ? EXIT.ok : EXIT.failed
  },
}

/** A trail with the result of its check. */
interface Checked {
  readonly trail: Trail
  readonly report: ChainReport
}

const closingText = (units: number, faulty: number) =>
  faulty === 0
    ? painted('green', `${plural(units, 'unit')}, all chains are whole`)
    : painted('red', `${faulty} of ${plural(units, 'unit')} ${faulty === 1 ? 'has' : 'have'} a fault`)

/** Files have one report, and the units of a database a list of them. */
const jsonOf = (checked: readonly Checked[], anchors: readonly AuditHead[]) => {
  const [first] = checked
  if (first !== undefined && first.trail.unit === undefined) return reportJson(first.report, anchors)
  return {
    whole: checked.every(({ report }) => report.fault === undefined),
    units: checked.map(({ trail, report }) => ({ unit: trail.unit, ...reportJson(report, anchors) })),
  }
}

const sayReport = ({ trail, report }: Checked, anchors: readonly AuditHead[], from: number) => {
  const { records, before, firstTime, lastTime, head, fault } = report
  const { unit } = trail
  if (unit !== undefined) say(painted('bold', `unit  ${printable(unit)}`))
  if (fault === undefined && records === 0) say(`${count(0)}: an empty trail proves nothing`)
  else if (fault === undefined) say(painted('green', `${count(records)}, the chain is whole`))
  else say(painted('red', `${count(records)} before the fault`))
  if (unit !== undefined && before.seq > 0)
    say(`after ${before.seq} ${before.hash}${provenBy(anchors, before) ? '' : KEPT}`)
  else if (records > 0 && from > 1)
    say(`after ${before.seq} ${before.hash}${provenBy(anchors, before) ? '' : UNPROVEN}`)
  // Anything may stand in the lines of a forged trail.
  if (records > 0) say(`first ${printable(String(firstTime))}\nlast  ${printable(String(lastTime))}`)
  // The line before a fault may be the changed one: its hash must not be kept as an anchor.
  if (fault === undefined && (records > 0 || from === 1)) say(`head  ${head.seq} ${head.hash}`)
  for (const { seq } of fault === undefined ? anchors : []) {
    say(`anchor ${seq} holds: the lines up to it are those of its time, and ${count(head.seq - seq)} followed`)
  }
}

const reportJson = (
  { records, before, firstTime, lastTime, head, fault }: ChainReport,
  anchors: readonly AuditHead[],
) => ({
  whole: fault === undefined,
  records,
  firstTime: firstTime ?? null,
  lastTime: lastTime ?? null,
  after: records > 0 && before.seq > 0 ? { ...before, proven: provenBy(anchors, before) } : null,
  head: fault === undefined && (records > 0 || before.seq === 0) ? head : null,
  anchors: fault === undefined ? anchors.map(({ seq }) => ({ seq, followedBy: head.seq - seq })) : null,
  fault: fault ?? null,
})

const UNPROVEN = ' (not proven: compare it with a head that was kept elsewhere)'

/** Who can write the anchors of a database can remove its lines. */
const KEPT = ' (retention has removed the lines up to it; compare it with a head that was kept elsewhere)'

const provenBy = (anchors: readonly AuditHead[], { seq, hash }: AuditHead) =>
  anchors.some((anchor) => anchor.seq === seq && anchor.hash === hash)

const readFrom = (text = '1'): number => {
  const seq = /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined
  if (seq === undefined) throw new UsageError(`--from: expected the number of a line, found "${text}"`)
  return seq
}

const readAnchor = (text: string): AuditHead => {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/i.exec(text) ?? []
  if (seq === undefined || hash === undefined) {
    throw new UsageError(
      `--anchor: expected SEQ:HASH, the number of a line, a colon and 64 hex digits, as in the log event audit-head; found "${text}"`,
    )
  }
  return { seq: Number(seq), hash: hash.toLowerCase() }
}

const count = (records: number) => plural(records, 'record')
