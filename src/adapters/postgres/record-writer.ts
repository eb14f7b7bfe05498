import { DatabaseError } from 'pg'
import { type Session, SessionOver } from './session.ts'

/** Lines that continue the chain of one unit, without line feeds. Their numbers go up by one from `seq`. */
export interface ChainLines {
  /** The id of the unit in the database. */
  readonly unit: number
  readonly epoch: number
  /** The number of the first line. */
  readonly seq: number
  readonly lines: readonly string[]
}

/** Writes lines of all units of this replica over its locking session. */
export interface RecordWriter {
  /**
   * Resolves once the server has committed the lines: the lock of the unit was held then. Rejects with a
   * `RecordRefused`, with a `SessionOver`, or with the error of the server, which may take the same lines later. None of
   * the lines is in the chain after a `RecordRefused` or an error of the server; after a `SessionOver` they may be.
   */
  write(lines: ChainLines): Promise<void>
}

/** The server's guard of the chains has refused lines: another tenure of the unit has begun. */
export class RecordRefused extends Error {
  override name = 'RecordRefused'
}

/** The guard in the database raises errors of this class alone. */
const REFUSED = /^CF\d{3}$/

/** A statement carries about this many bytes of lines. One write that is larger is a statement of its own. */
const STATEMENT_BYTES = 1024 * 1024

interface Waiting extends ChainLines {
  readonly bytes: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Lines of all units that are written in one turn of the event loop, or while a statement is under way, are one
 * statement: one commit, and one sync of the server's disk. `refused` hears of each unit whose lines the server's guard
 * refuses.
 */
export const createRecordWriter = (
  session: Session,
  refused: (unit: number, because: string) => void,
): RecordWriter => {
  let waiting: Waiting[] = []
  let isWriting = false

  const insert = async (batch: readonly Waiting[]) => {
    const rows = batch.flatMap(({ unit, epoch, seq, lines }) =>
      lines.map((line, index) => ({ unit, epoch, seq: seq + index, line })),
    )
    const { rowCount } = await session.ask(
      `insert into curfew.record (unit, seq, epoch, line)
       select * from unnest($1::integer[], $2::bigint[], $3::bigint[], $4::text[]) where ${session.ours}`,
      [
        rows.map(({ unit }) => unit),
        rows.map(({ seq }) => seq),
        rows.map(({ epoch }) => epoch),
        rows.map(({ line }) => line),
      ],
    )
    if (rowCount === rows.length) return
    session.lose('a statement was given to another session: a pooler is between this replica and the server')
    throw new SessionOver('the records went to another session')
  }

  const writeBatch = async (batch: readonly Waiting[]) => {
    try {
      await insert(batch)
      for (const { resolve } of batch) resolve()
    } catch (error) {
      if (!(error instanceof SessionOver) && batch.length > 1) {
        // The lines of one unit must not fail those of others.
        for (const one of batch) await writeBatch([one])
        return
      }
      for (const one of batch) fail(one, error)
    }
  }

  const fail = ({ unit, reject }: Waiting, error: unknown) => {
    if (!(error instanceof DatabaseError && REFUSED.test(error.code ?? ''))) {
      reject(error)
      return
    }
    refused(unit, error.message)
    reject(new RecordRefused(error.message, { cause: error }))
  }

  const takeBatch = (): readonly Waiting[] => {
    let bytes = 0
    const over = waiting.findIndex((one, index) => {
      bytes += one.bytes
      return index > 0 && bytes > STATEMENT_BYTES
    })
    const batch = over === -1 ? waiting : waiting.slice(0, over)
    waiting = over === -1 ? [] : waiting.slice(over)
    return batch
  }

  const writeAll = async () => {
    // The daemons of all units may still write in this turn.
    await new Promise((resolve) => setImmediate(resolve))
    while (waiting.length > 0) await writeBatch(takeBatch())
    isWriting = false
  }

  return {
    write: (lines) =>
      new Promise((resolve, reject) => {
        const bytes = lines.lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0)
        waiting.push({ ...lines, bytes, resolve, reject })
        if (isWriting) return
        isWriting = true
        void writeAll()
      }),
  }
}
