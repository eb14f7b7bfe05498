import { hashOf, lineOf } from '../../src/adapters/audit/audit-line.ts'
import { openChainFile } from '../../src/adapters/audit/chain-file.ts'
import { unwritable } from '../../src/adapters/audit/unwritable.ts'
import type { AuditRecord, AuditTrail } from '../../src/app/audit.ts'
import type { SimulatedDisk } from './disk.ts'
import type { Process } from './process.ts'

export const AUDIT_FILE = '/audit/audit.jsonl'

const NO_ROTATION = Number.MAX_SAFE_INTEGER

/** An audit trail on the real chain file. It has no lock: the lock is a file of the host, and has its own tests. */
export const openTrail = async (disk: SimulatedDisk, process: Process): Promise<AuditTrail> => {
  const throwUnwritable = (error: unknown) => {
    throw unwritable(AUDIT_FILE, error)
  }
  const chain = await openChainFile(disk.seenBy(process), AUDIT_FILE, NO_ROTATION).catch(throwUnwritable)
  let writing: Promise<unknown> = Promise.resolve()

  const append = async (records: readonly AuditRecord[]) => {
    let head = chain.head()
    const lines: Buffer[] = []
    for (const record of records) {
      const line = lineOf(record, head)
      lines.push(line)
      head = { seq: head.seq + 1, hash: hashOf(line) }
    }
    await chain.append(lines, head).catch(throwUnwritable)
  }

  return {
    write(records) {
      const written = writing.then(() => append(records))
      writing = written.catch(() => {})
      return written
    },
    head: () => chain.head(),
    hasPolicySet: (hash) => chain.hasPolicySet(hash),
    held: async () => true,
    lost: new AbortController().signal,
    close: async () => {
      await writing
      await chain.close()
    },
  }
}

/** The fields of an audit line that the checks read. */
export interface Line {
  readonly time: string
  readonly event: string
  readonly endpointId?: string
  readonly connectionId?: string
  readonly username?: string
  readonly policy?: string
  readonly alsoBy?: readonly string[]
  readonly since?: string
  readonly call?: { readonly id: string; readonly selector: 'connection-id' | 'username' }
}

export const linesOf = (text: string): readonly Line[] =>
  text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Line]))
