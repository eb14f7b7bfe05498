import { AuditError, type AuditHead, type AuditTrail } from '../../app/audit.ts'
import { HOUR, type Instant, toIso } from '../../domain/time/instant.ts'
import { createGroupedWrites } from '../audit/grouped-writes.ts'
import { createPolicySetTexts } from '../audit/policy-set-texts.ts'
import type { Ask } from './ask.ts'
import { reasonOf } from './reason.ts'
import { RecordRefused, type RecordWriter } from './record-writer.ts'
import { SessionOver } from './session.ts'

/** The tenure that writes a trail. */
interface UnitTrailOptions {
  readonly writer: RecordWriter
  readonly unit: { readonly id: number; readonly key: string }
  readonly epoch: number
  /** The last line of the earlier tenures. */
  readonly head: AuditHead
  readonly holds: () => boolean
  readonly lost: AbortSignal
  /** For what need not go over the locking session. */
  readonly ask: Ask
  readonly now: () => Instant
}

/**
 * The audit trail of one unit in the database, for one tenure. The head is that of the last answer of the server. Where an
 * answer is lost, nobody knows whether its lines are there: nothing more is written, and the next tenure reads the head.
 */
export const openUnitTrail = async (options: UnitTrailOptions): Promise<AuditTrail> => {
  const { writer, unit, epoch, holds, lost, ask, now } = options
  let { head } = options
  const texts = createPolicySetTexts()
  let months = monthsAt(now())
  let closed: Promise<void> | undefined
  let isOver = false

  const unwritable = (why: string, cause?: unknown) =>
    new AuditError('unwritable', `cannot write the audit trail of ${unit.key} in the database: ${why}`, cause)

  /** A month of the database begins when its clock says so. The texts are written anew an hour later too. */
  const turnPages = () => {
    const found = monthsAt(now())
    if (found !== months) texts.rotated()
    months = found
  }

  const failureOf = (error: unknown): AuditError => {
    if (error instanceof AuditError) return error
    if (error instanceof SessionOver || error instanceof RecordRefused || lost.aborted) {
      isOver = true
      return unwritable('another replica may hold the unit now', error)
    }
    return unwritable(reasonOf(error), error)
  }

  const writes = createGroupedWrites({
    head: () => head,
    async append({ records, lines, head: next }) {
      if (isOver || !holds()) throw new SessionOver('the tenure is over')
      await writer.write({ unit: unit.id, epoch, seq: head.seq + 1, lines: lines.map((line) => line.toString()) })
      head = next
      turnPages()
      for (const record of records) if (record.event === 'policy-set') texts.add(record)
    },
    failureOf,
  })

  for (const text of await policySetsOfMonth(ask, unit.id)) texts.add(text)

  return {
    lost,
    head: () => head,
    held: async () => holds(),
    hasPolicySet(hash) {
      turnPages()
      return texts.has(hash)
    },
    write(records) {
      if (closed !== undefined) return Promise.reject(unwritable('the trail is closed'))
      return writes.write(records)
    },
    close: () => (closed ??= writes.done()),
  }
}

/** The month of an instant, and that of an hour before: the clock of the database may be behind. */
const monthsAt = (at: Instant): string => [at, at - HOUR].map((one) => toIso(one)?.slice(0, 7)).join()

const POLICY_SETS = `
select line::json ->> 'policySetHash' as "policySetHash",
  (line::json ->> 'part')::integer as part, (line::json ->> 'parts')::integer as parts
from curfew.record
where unit = $1 and recorded_at >= date_trunc('month', clock_timestamp() at time zone 'UTC') at time zone 'UTC'
  and substr(line, 1, 96) like '%"event":"policy-set"%'`

const policySetsOfMonth = async (ask: Ask, id: number) =>
  (await ask<{ readonly policySetHash: string; readonly part: number; readonly parts: number }>(POLICY_SETS, [id])).rows
