import { formatDuration } from '../domain/time/duration.ts'
import { type Elapsed, LONG_AGO, msBetween } from '../domain/time/elapsed.ts'
import { SECOND } from '../domain/time/instant.ts'
import type { Clock } from './clock.ts'
import type { Emit } from './events.ts'
import type { State } from './state.ts'
import { within } from './within.ts'

/** The shortest time between two saves. A kill loses at most the changes of this time. */
const SAVE_EVERY_MS = SECOND

/** A disk that has not answered by then is reported. No other save begins before it answers. */
const SAVED_WITHIN_MS = 30 * SECOND

/**
 * Collecting a large state blocks the event loop. The next save waits this many times as long, so that it takes at most
 * a twentieth of the time.
 */
const REST_FACTOR = 20

export interface SaveState {
  /** Rejects with an error whose message is for an operator. */
  save(state: State): Promise<void>
}

/** Saves the state after changes, and reports when it cannot be saved and when it can be again. */
export const createStateKeeper = (
  store: SaveState,
  stateNow: () => State,
  clock: Pick<Clock, 'elapsed' | 'sleep'>,
  emit: Emit,
) => {
  let isDirty = false
  let savedAt: Elapsed = LONG_AGO
  let tookMs = 0
  let saving: Promise<void> | undefined
  let isUnwritable = false

  const report = (message: string) => {
    if (!isUnwritable) emit({ event: 'unwritable', what: 'state', message })
    isUnwritable = true
  }

  const write = async (): Promise<void> => {
    isDirty = false
    savedAt = clock.elapsed()
    try {
      const state = stateNow()
      tookMs = msBetween(savedAt, clock.elapsed())
      const saved = store.save(state)
      if ((await within(clock, SAVED_WITHIN_MS, saved)) === 'late') {
        report(`its disk has not answered for ${formatDuration(SAVED_WITHIN_MS)}`)
        await saved
      }
      if (isUnwritable) emit({ event: 'writable', what: 'state' })
      isUnwritable = false
    } catch (error) {
      isDirty = true
      report(error instanceof Error ? error.message : String(error))
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
      isDirty = true
    },
    isDue: (): boolean =>
      isDirty &&
      saving === undefined &&
      msBetween(savedAt, clock.elapsed()) >= Math.max(SAVE_EVERY_MS, REST_FACTOR * tookMs),
    /** Only one save runs at a time, so that no states pile up in memory while the disk hangs. */
    save: saveOnce,
    /** Waits for a running save, then saves the last state. */
    async saveLast(): Promise<void> {
      await saving
      await saveOnce()
    },
  }
}
