import type { AuditError, AuditHead, AuditRecord } from '../../app/audit.ts'
import { LONGEST_LINE_BYTES } from './audit-line.ts'
import { linesAfter } from './lines-after.ts'

/** A group of writes ends at this size. `readTail` must see a whole group after a power cut: compare `TAIL_BYTES`. */
const GROUP_BYTES = LONGEST_LINE_BYTES

interface Waiting {
  readonly records: readonly AuditRecord[]
  readonly resolve: () => void
  readonly reject: (error: AuditError) => void
}

/** The lines of several writes, which become durable together. */
export interface Group {
  readonly records: readonly AuditRecord[]
  readonly lines: readonly Buffer[]
  /** The head of the trail once they are there. */
  readonly head: AuditHead
}

/** Writes records to a trail, one group after another. Writes that arrive during a group share the next one. */
export const createGroupedWrites = (trail: {
  readonly head: () => AuditHead
  /** Makes a group durable. */
  readonly append: (group: Group) => Promise<void>
  readonly failureOf: (error: unknown) => AuditError
}) => {
  let waiting: Waiting[] = []
  let writing: Promise<void> | undefined

  const writeAll = async () => {
    // Writes of the same turn of the event loop share one group.
    await Promise.resolve()
    while (waiting.length > 0) {
      const { writes, group } = takeGroup()
      if (writes.length === 0) continue
      try {
        await trail.append(group)
        for (const { resolve } of writes) resolve()
      } catch (error) {
        const failure = trail.failureOf(error)
        for (const { reject } of writes) reject(failure)
      }
    }
    writing = undefined
  }

  const takeGroup = () => {
    const writes: Waiting[] = []
    const lines: Buffer[] = []
    let bytes = 0
    let head = trail.head()
    let count = 0
    for (const one of waiting) {
      count++
      try {
        const built = linesAfter(head, one.records)
        writes.push(one)
        for (const line of built.lines) lines.push(line)
        bytes += built.bytes
        head = built.head
      } catch (error) {
        one.reject(trail.failureOf(error))
      }
      if (bytes >= GROUP_BYTES) break
    }
    waiting = waiting.slice(count)
    return { writes, group: { records: writes.flatMap(({ records }) => records), lines, head } }
  }

  return {
    /** Resolves once the records are durable. */
    write(records: readonly AuditRecord[]): Promise<void> {
      if (records.length === 0) return Promise.resolve()
      return new Promise((resolve, reject) => {
        waiting.push({ records, resolve, reject })
        writing ??= writeAll()
      })
    },
    /** Resolves once nothing waits. */
    done: async (): Promise<void> => writing,
  }
}
