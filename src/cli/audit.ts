import { type Command, complain, EXIT, OperatorError, say, UsageError } from './command.ts'
import { isAuditFile, verifyAuditFiles } from './compose-audit.ts'

const help = `Usage: curfew audit verify FILE...

Checks the hash chain of an audit trail: that no line is missing, added, changed or moved. Give the
rotated files too, in any order: curfew audit verify data/audit.jsonl*
Lock files and the kept ends of torn lines are skipped. The first fault is reported as file:line,
with what was expected and what was found.

The chain cannot show that its last line was changed, or that lines were removed after it. Compare
the printed head with the head that the daemon logged.

Exit code: 0 if the chain is whole; 1 if it is not, or if a file cannot be read.`

export const audit: Command = {
  help,
  options: {},
  async run({ positionals: [action, ...given] }) {
    if (action !== 'verify') throw new UsageError(`audit: expected "verify FILE...", found "${action ?? ''}"`)
    if (given.length === 0) throw new UsageError('audit verify: name the audit files to check')
    const files = given.filter(isAuditFile)
    if (files.length === 0)
      throw new OperatorError(`${given.join(', ')}: expected an audit file, found only locks or torn ends`)

    const { records, firstTime, lastTime, head, fault } = await verifyAuditFiles(files)
    if (fault !== undefined) {
      const { file, line, expected, found } = fault
      complain(`${file}:${line}: error: expected ${expected}, found ${found}`)
    }
    say(fault === undefined ? `${count(records)}, the chain is whole` : `${count(records)} before the fault`)
    if (records > 0) say(`first ${firstTime}\nlast  ${lastTime}`)
    say(`head  ${head.seq} ${head.hash}`)
    return fault === undefined ? EXIT.ok : EXIT.failed
  },
}

const count = (records: number) => `${records} record${records === 1 ? '' : 's'}`
