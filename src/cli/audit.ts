import { type Command, complain, EXIT, OperatorError, say, UsageError } from './command.ts'
import { isAuditFile, verifyAuditFiles } from './compose-audit.ts'

const help = `Usage: curfew audit verify FILE...

Checks the chain of an audit file: that every line is one, that none is missing, was added, changed or moved. Give the
rotated files too, in any order: curfew audit verify data/audit.jsonl*  (a lock and torn ends among them are left out).
Of a file that is not sound, the first fault is told as file:line with what was expected and what was found.

The last line is not vouched for by any after it, and lines cut off at the end are not missed by the rest: compare the
head with the one that the daemon logged.

Exit code: 0 if the chain is whole, 1 if it is not or a file cannot be read.`

export const audit: Command = {
  help,
  options: {},
  async run({ positionals: [action, ...given] }) {
    if (action !== 'verify') throw new UsageError(`audit takes "verify FILE...", not "${action ?? ''}"`)
    if (given.length === 0) throw new UsageError('audit verify takes the files to check')
    const files = given.filter(isAuditFile)
    if (files.length === 0) throw new OperatorError(`there is no audit file among ${given.join(', ')}`)

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
