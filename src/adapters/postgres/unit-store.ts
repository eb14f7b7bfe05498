import { EMPTY_STATE, type State, StateError, type StateStore } from '../../app/state.ts'
import { KeepingUnreached } from '../../app/tenure.ts'
import { STATE_VERSION } from '../files/seal.ts'
import { stateOfBytes, stateToBytes } from '../files/state-bytes.ts'
import type { Ask } from './ask.ts'
import { hashesOf, policySetsOfBytes, policySetsToBytes } from './unit-policy-sets.ts'

interface StateRow {
  readonly state: Buffer | null
  readonly version: number
  readonly policy_sets: Buffer | null
  readonly epoch: string
  readonly is_standby: boolean
}

const READ = `
select state, state_version as version, policy_sets, epoch, pg_is_in_recovery() as is_standby
from curfew.unit where id = $1`

const SAVE = `
update curfew.unit set state = $3, state_version = $4, state_epoch = $2, saved_at = clock_timestamp(),
  policy_sets = coalesce($5, policy_sets)
where id = $1 and epoch = $2`

const SET_ASIDE = `
update curfew.unit set unreadable = state, unreadable_at = clock_timestamp(), state = null
where id = $1 and epoch = $2`

/**
 * The state of one unit in the database, for one tenure. It is not written over the locking session, because a large
 * state would keep the beats waiting: the epoch fences it, which each grant raises first. Its policy sets are written
 * in the same statement, but only when they change.
 */
export const createUnitStore = (
  ask: Ask,
  { id, key, epoch }: { readonly id: number; readonly key: string; readonly epoch: number },
  /** For saves. Default: as for reading. */
  askToSave: Ask = ask,
): StateStore => {
  const place = `the state of ${key} in the database`
  let last: Promise<void> = Promise.resolve()
  /** The hashes of the policy sets that the row is known to have. */
  let kept: string | undefined

  const read = async (isOurs: (row: StateRow | undefined) => boolean) => {
    const [row] = (await ask<StateRow>(READ, [id])).rows
    if (!isOurs(row)) {
      throw new KeepingUnreached(
        `${place} was not read: another replica holds the unit now, or the name of the host leads to another server than before`,
      )
    }
    const { state = null, version = 0, policy_sets: sets = null } = row ?? {}
    if (version > STATE_VERSION) {
      throw new StateError(
        `${place} has format ${version}, and this program reads up to ${STATE_VERSION}: a newer program saved it. Update this replica`,
      )
    }
    const policySets = policySetsOfBytes(sets)
    kept = hashesOf(policySets)
    const found = state === null ? { kind: 'state' as const, state: EMPTY_STATE } : stateOfBytes(state)
    if (found.kind !== 'state' || state === null) return found
    return { ...found, state: { ...found.state, policySets: { ...policySets, ...found.state.policySets } } }
  }

  const write = async (state: State, mayReplace: () => Promise<boolean>) => {
    const bytes = stateToBytes({ ...state, policySets: {} })
    const hashes = hashesOf(state.policySets)
    const sets = hashes === kept ? null : policySetsToBytes(state.policySets)
    const isOurs = await mayReplace()
    const saved = isOurs && (await askToSave(SAVE, [id, epoch, bytes, STATE_VERSION, sets])).rowCount === 1
    if (!saved) throw new Error(`${place} was not replaced: another replica holds the unit now`)
    kept = hashes
  }

  return {
    async load() {
      // A server that was cut off, and a standby, have an older state, which says nothing of graces and open intents.
      const found = await read((row) => row !== undefined && Number(row.epoch) === epoch && !row.is_standby)
      if (found.kind === 'state') return { state: found.state, setAside: undefined }
      // Only Curfew writes into this column: bytes that are no state are a state that was damaged.
      const moved = (await ask(SET_ASIDE, [id, epoch])).rowCount === 1
      if (!moved) throw new KeepingUnreached(`${place} was not read: another replica holds the unit now`)
      return {
        state: EMPTY_STATE,
        setAside: { file: `the column "unreadable" of unit ${id} in curfew.unit`, why: `${key}: ${found.why}` },
      }
    },

    async peek() {
      const found = await read(() => true)
      return found.kind === 'state' ? found.state : EMPTY_STATE
    },

    save(state, mayReplace = async () => true) {
      last = last.catch(() => {}).then(() => write(state, mayReplace))
      return last
    },
  }
}
