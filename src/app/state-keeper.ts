import { type Instant, SECOND } from '../domain/instant.ts'
import type { Clock } from './clock.ts'
import type { Emit } from './events.ts'
import type { State, StateStore } from './state.ts'

/** The state is not written more often than this: what a kill takes away is never more. */
const SAVE_EVERY_MS = SECOND

/** Writes the state when something in it may have changed, and tells when it cannot. */
export const createStateKeeper = (store: StateStore, stateNow: () => State, clock: Clock, emit: Emit) => {
  let dirty = false
  let savedAt: Instant = -Infinity
  let fails = false

  const save = async (): Promise<void> => {
    dirty = false
    savedAt = clock.now()
    try {
      await store.save(stateNow())
      if (fails) emit({ event: 'writable-again', what: 'state' })
      fails = false
    } catch (error) {
      dirty = true
      const message = error instanceof Error ? error.message : String(error)
      if (!fails) emit({ event: 'unwritable', what: 'state', message })
      fails = true
    }
  }

  return {
    touch(): void {
      dirty = true
    },
    isDue: (now: Instant): boolean => dirty && Math.abs(now - savedAt) >= SAVE_EVERY_MS,
    save,
  }
}
