import { DatabaseError, type QueryResult } from 'pg'
import { describe, expect, it } from 'vitest'
import { type ChainLines, createRecordWriter, RecordRefused } from '../../../src/adapters/postgres/record-writer.ts'
import { type Session, SessionOver } from '../../../src/adapters/postgres/session.ts'

const serverError = (code: string) =>
  Object.assign(new DatabaseError(`error ${code}`, 0, 'error'), { code, severity: 'ERROR' })

/** A session that keeps the numbers of the units of each statement, and answers as told. */
const standIn = (answer: (units: readonly number[]) => number | Error = (units) => units.length) => {
  const statements: (readonly number[])[] = []
  const lost: string[] = []
  const session: Session = {
    ours: 'true',
    over: new AbortController().signal,
    holds: () => true,
    lose: (because) => lost.push(because),
    async ask(_text, values = []) {
      const units = (values[0] ?? []) as readonly number[]
      statements.push(units)
      const answered = answer(units)
      if (answered instanceof Error) throw answered
      return { rowCount: answered, rows: [], command: 'INSERT', oid: 0, fields: [] } satisfies QueryResult
    },
  }
  const refused: number[] = []
  return { statements, lost, refused, writer: createRecordWriter(session, (unit) => refused.push(unit)) }
}
const lines = (unit: number, line = '{}', count = 1): ChainLines => ({
  unit,
  epoch: 1,
  seq: 1,
  lines: Array.from({ length: count }, () => line),
})

describe('the record writer', () => {
  it('writes what all units write in one turn in one statement', async () => {
    const { writer, statements } = standIn()
    await Promise.all([
      writer.write(lines(1)),
      writer.write(lines(2, '{}', 2)),
      Promise.resolve().then(() => writer.write(lines(3))),
    ])
    expect(statements).toEqual([[1, 2, 2, 3]])
  })

  it('begins another statement where one would carry more than a megabyte', async () => {
    const { writer, statements } = standIn()
    const large = 'x'.repeat(600_000)
    await Promise.all([writer.write(lines(1, large)), writer.write(lines(2, large)), writer.write(lines(3, large, 3))])
    expect(statements).toEqual([[1], [2], [3, 3, 3]])
  })

  it('fails the unit alone whose lines the guard refuses', async () => {
    const { writer, statements, refused } = standIn((units) =>
      units.includes(2) ? serverError('CF001') : units.length,
    )
    const written = await Promise.allSettled([1, 2, 3].map((unit) => writer.write(lines(unit))))
    expect(written.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(written[1]).toMatchObject({ reason: expect.any(RecordRefused) })
    expect(refused).toEqual([2])
    expect(statements).toEqual([[1, 2, 3], [1], [2], [3]])
  })

  it('passes other errors of the server on, after which the tenure goes on', async () => {
    const { writer, refused } = standIn(() => serverError('53100'))
    await expect(writer.write(lines(1))).rejects.toThrow('error 53100')
    expect(refused).toEqual([])
  })

  it('ends the session where another one has taken the statement', async () => {
    const { writer, lost } = standIn(() => 0)
    await expect(writer.write(lines(1))).rejects.toThrow(SessionOver)
    expect(lost).toEqual(['a statement was given to another session: a pooler is between this replica and the server'])
  })

  it('does not repeat what a session that is over may have written', async () => {
    const { writer, statements } = standIn(() => new SessionOver('gone'))
    const written = await Promise.allSettled([writer.write(lines(1)), writer.write(lines(2))])
    expect(written.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(statements).toEqual([[1, 2]])
  })
})
