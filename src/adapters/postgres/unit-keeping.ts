import type { Keeping } from '../../app/tenure.ts'
import type { Instant } from '../../domain/time/instant.ts'
import type { KeptUnit } from './held-units.ts'
import type { UnitAsks } from './unit-asks.ts'
import { replayUnit } from './unit-replay.ts'
import { createUnitStore } from './unit-store.ts'
import { openUnitTrail } from './unit-trail.ts'

/** The trail and the state of a unit for one tenure. Only new lines go over the session. */
export const keepUnit =
  (asksOf: (lost: AbortSignal) => UnitAsks, now: () => Instant) =>
  async (granted: KeptUnit): Promise<Keeping> => {
    const { unit, epoch, head } = granted
    const { read: ask, save } = asksOf(granted.lost)
    return {
      trail: await openUnitTrail({ ...granted, ask, now }),
      replay: (since, read) => replayUnit(ask, unit.id, since, read, head),
      store: createUnitStore(ask, { ...unit, epoch }, save),
    }
  }
