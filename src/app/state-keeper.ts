import { type Instant, SECOND } from '../domain/time/instant.ts'
import type { Clock } from './clock.ts'
import type { Emit } from './events.ts'
import type { State, StateStore } from './state.ts'

/** The state is not written more often than this: what a kill takes away is never more. */
const SAVE_EVERY_MS = SECOND

/** Putting a large state together takes time of which other things are in need: at most a twentieth of it. */
const REST_FACTOR = 20

/** Writes the state when something in it may have changed, and tells when it cannot. */
export const createStateKeeper = (store: StateStore, stateNow: () => State, clock: Clock, emit: Emit) => {
  let dirty = false
  let savedAt: Instant = -Infinity
  let tookMs = 0
  let saving: Promise<void> | undefined
  let fails = false

  const write = async (): Promise<void> => {
    dirty = false
    savedAt = clock.now()
    try {
      const state = stateNow()
      tookMs = Math.max(0, clock.now() - savedAt)
      await store.save(state)
      if (fails) emit({ event: 'writable', what: 'state' })
      fails = false
    } catch (error) {
      dirty = true
      const message = error instanceof Error ? error.message : String(error)
      if (!fails) emit({ event: 'unwritable', what: 'state', message })
      fails = true
    }
  }

  const saveOnce = (): Promise<void> => {
    saving ??= write().finally(() => {
      saving = undefined
    })
    return saving
  }

  return {
    touch(): void {
      dirty = true
    },
    isDue: (now: Instant): boolean =>
      dirty && saving === undefined && Math.abs(now - savedAt) >= Math.max(SAVE_EVERY_MS, REST_FACTOR * tookMs),
    /** Never two at once: a disk that hangs must not gather states behind it. */
    save: saveOnce,
    /** The last state of all: after one that is being written. */
    async saveLast(): Promise<void> {
      await saving
      await saveOnce()
    },
  }
}
