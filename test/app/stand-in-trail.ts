import { AuditError, type AuditRecord, type AuditTrail } from '../../src/app/audit.ts'

/** A trail that keeps its records in memory, and a disk that can fill up. */
export const createStandInTrail = () => {
  const records: AuditRecord[] = []
  const disk = { isFull: false }
  const trail: AuditTrail = {
    async write(written) {
      await Promise.resolve()
      if (disk.isFull) throw new AuditError('unwritable', 'audit.jsonl: no space left on the device')
      records.push(...written)
    },
    head: () => ({ seq: records.length, hash: '0'.repeat(64) }),
    close: async () => {},
  }
  return { trail, records, disk }
}
