import { AuditError, type AuditEvent, type AuditRecord, type AuditTrail } from '../../src/app/audit.ts'

/** A trail that keeps its records in memory, on a disk that can be full. */
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
    hasPolicySet: (hash) => records.some((record) => record.event === 'policy-set' && record.policySetHash === hash),
    held: async () => true,
    lost: new AbortController().signal,
    close: async () => {},
  }
  const of = <Event extends AuditEvent>(event: Event) =>
    records.filter((record): record is Extract<AuditRecord, { readonly event: Event }> => record.event === event)
  return { trail, records, of, disk }
}
