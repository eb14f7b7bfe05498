import { AuditError, type AuditHead, type AuditRecord } from '../../app/audit.ts'
import { hashOf, LONGEST_LINE_BYTES, lineOf } from './audit-line.ts'

/** The lines of records that follow a head, without newlines. Throws for a record that cannot be a line. */
export const linesAfter = (previous: AuditHead, records: readonly AuditRecord[]) => {
  const lines: Buffer[] = []
  let [bytes, head] = [0, previous]
  for (const record of records) {
    const line = lineOf(record, head)
    if (line.length > LONGEST_LINE_BYTES) {
      throw new AuditError(
        'unwritable',
        `an audit record takes ${line.length} bytes: a line has at most ${LONGEST_LINE_BYTES}`,
      )
    }
    lines.push(line)
    bytes += line.length + 1
    head = { seq: head.seq + 1, hash: hashOf(line) }
  }
  return { lines, bytes, head }
}
