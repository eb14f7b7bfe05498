import type { Keeping } from '../../app/tenure.ts'
import type { Instant } from '../../domain/time/instant.ts'
import type { Ask } from './ask.ts'
import type { KeptUnit } from './held-units.ts'
import { replayUnit } from './unit-replay.ts'
import { createUnitStore } from './unit-store.ts'
import { openUnitTrail } from './unit-trail.ts'

/** The trail and the state of a unit for one tenure. `ask` goes over the pool, and only new lines over the session. */
export const keepUnit =
  (ask: Ask, now: () => Instant) =>
  async (granted: KeptUnit): Promise<Keeping> => {
    const { unit, epoch } = granted
    return {
      trail: await openUnitTrail({ ...granted, ask, now }),
      replay: (since, read) => replayUnit(ask, unit.id, since, read),
      store: createUnitStore(ask, { ...unit, epoch }),
    }
  }
