import type { AuditHead } from '../../app/audit.ts'
import type { Keeping } from '../../app/tenure.ts'
import type { Instant } from '../../domain/time/instant.ts'
import type { Ask } from './ask.ts'
import type { RecordWriter } from './record-writer.ts'
import { replayUnit } from './unit-replay.ts'
import { createUnitStore } from './unit-store.ts'
import { openUnitTrail } from './unit-trail.ts'

/** A unit that was just granted. */
interface GrantedUnit {
  readonly unit: { readonly id: number; readonly key: string }
  readonly epoch: number
  /** The last line of the earlier tenures. */
  readonly head: AuditHead
  readonly writer: RecordWriter
  readonly holds: () => boolean
  readonly lost: AbortSignal
}

/** The trail and the state of a unit for one tenure. `ask` goes over the pool, and only new lines over the session. */
export const keepUnit =
  (ask: Ask, now: () => Instant) =>
  async (granted: GrantedUnit): Promise<Keeping> => {
    const { unit, epoch } = granted
    return {
      trail: await openUnitTrail({ ...granted, ask, now }),
      replay: (since, read) => replayUnit(ask, unit.id, since, read),
      store: createUnitStore(ask, { ...unit, epoch }),
    }
  }
