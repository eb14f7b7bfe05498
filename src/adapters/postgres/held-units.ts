import type { AuditHead } from '../../app/audit.ts'
import { onAborted } from '../../app/on-aborted.ts'
import { type Keeping, KeepingUnreached, type Tenure, type TenureEnd, type Wants } from '../../app/tenure.ts'
import type { Grant } from './grants.ts'
import { createRecordWriter, type RecordWriter } from './record-writer.ts'
import type { Session } from './session.ts'

/** What the trail and the state of a unit need to know of its tenure. */
export interface KeptUnit {
  readonly unit: { readonly id: number; readonly key: string }
  readonly epoch: number
  /** The last record of earlier tenures. */
  readonly head: AuditHead
  readonly writer: RecordWriter
  readonly holds: () => boolean
  readonly lost: AbortSignal
}

export type Keep = (unit: KeptUnit) => Keeping | Promise<Keeping>

interface HeldUnit {
  readonly id: number
  readonly session: Session
  readonly asked: AbortController
  readonly lost: AbortController
}

interface Ended {
  readonly session: Session
  readonly id: number
  readonly unit: string
  readonly epoch: number
  readonly how: TenureEnd
  /** Why the work was not even begun. Undefined if it was, or if nobody need hear of it. */
  readonly notBegun: string | undefined
}

/**
 * The tenures of this process. A unit stays in here until its work has ended, also when the session is over long before:
 * two tenures of one unit never overlap in one process.
 */
export const createHeldUnits = (keep: Keep, work: Wants['work'], ended: (end: Ended) => Promise<void>) => {
  const held = new Map<string, HeldUnit>()
  const running = new Set<Promise<void>>()

  /** Opens what the unit keeps. A loss does not wait for the database: the unit would be busy, and nobody's. */
  const kept = async (unit: KeptUnit): Promise<Keeping | Error | 'lost'> => {
    const lost = new Promise<'lost'>((resolve) => onAborted(unit.lost, () => resolve('lost')))
    try {
      return await Promise.race([lost, keep(unit)])
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error))
    }
  }

  const serve = async (unit: string, { epoch, head }: Grant, one: HeldUnit, writer: RecordWriter) => {
    const { id, session, lost, asked } = one
    const lose = () => lost.abort(session.over.reason)
    onAborted(session.over, lose)
    let isOver = false
    const holds = () => !isOver && !lost.signal.aborted && session.holds()
    let how: TenureEnd = 'refused'
    let notBegun: string | undefined
    const keeping = await kept({ unit: { id, key: unit }, epoch, head, writer, holds, lost: lost.signal })
    if (keeping === 'lost' || lost.signal.aborted) how = 'lost'
    else if (keeping instanceof Error) {
      how = keeping instanceof KeepingUnreached ? 'lost' : 'refused'
      notBegun = keeping.message
    } else {
      const tenure: Tenure = { ...keeping, unit, epoch, holds, lost: lost.signal, asked: asked.signal }
      // The work tells of its faults itself. After one that it did not foresee, the unit rests.
      how = await work(tenure).catch(() => 'refused' as const)
    }
    isOver = true
    session.over.removeEventListener('abort', lose)
    held.delete(unit)
    await ended({ session, id, unit, epoch, how, notBegun })
  }

  return {
    /** The writer of a session. A refusal by the server's guard loses the tenure of that unit alone. */
    writerOver: (session: Session): RecordWriter =>
      createRecordWriter(session, (id, because) => {
        for (const one of held.values()) if (one.session === session && one.id === id) one.lost.abort(because)
      }),

    begin(session: Session, unit: string, grant: Grant, writer: RecordWriter): void {
      const one = { id: grant.id, session, asked: new AbortController(), lost: new AbortController() }
      held.set(unit, one)
      const run = serve(unit, grant, one, writer).finally(() => running.delete(run))
      running.add(run)
    },

    /** Whether an earlier work on the unit has not ended, or this one. */
    isBusy: (unit: string): boolean => held.has(unit),
    /** The units that this session holds, in the order of their grants. */
    units: (session: Session): readonly string[] =>
      [...held].filter(([, one]) => one.session === session && !one.lost.signal.aborted).map(([unit]) => unit),
    /** Those of them that were asked back. */
    returning: (session: Session): readonly string[] =>
      [...held].filter(([, one]) => one.session === session && one.asked.signal.aborted).map(([unit]) => unit),
    /** The first reason counts. */
    askBack(unit: string, because: string): void {
      held.get(unit)?.asked.abort(because)
    },
    /** Waits for all work. */
    async settle(): Promise<void> {
      await Promise.all(running)
    },
  }
}

export type HeldUnits = ReturnType<typeof createHeldUnits>
