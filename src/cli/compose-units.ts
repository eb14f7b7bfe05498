import { readHolders } from '../adapters/postgres/unit-holders.ts'
import { replayUnit } from '../adapters/postgres/unit-replay.ts'
import { createUnitStore } from '../adapters/postgres/unit-store.ts'
import { createKnownByTrail } from '../app/known-by-trail.ts'
import { EMPTY_STATE, type State, StateError } from '../app/state.ts'
import type { PostgresSettings } from '../config/configuration.ts'
import type { Policy } from '../domain/policies/policy.ts'
import type { Instant } from '../domain/time/instant.ts'
import { OperatorError } from './command.ts'
import { openTables } from './compose-database.ts'
import type { KnownStates } from './known-states.ts'

/** The states of the units in the database, as far as their chains bear them out. Nothing is changed. */
export const readUnitStates = async (
  settings: PostgresSettings,
  {
    units,
    policies,
    now,
  }: { readonly units: readonly string[]; readonly policies: readonly Policy[]; readonly now: Instant },
): Promise<KnownStates> => {
  await using database = await openTables(settings)
  const { ask } = database
  const known = new Map((await readHolders(ask)).map((holder) => [holder.unit, holder]))
  const states = new Map<string, State>()
  for (const unit of units) {
    const found = known.get(unit)
    if (found === undefined) continue
    const { id, epoch } = found
    const state = await createUnitStore(ask, { id, key: unit, epoch }).peek().catch(inWords)
    const trail = createKnownByTrail(state, policies, now)
    await replayUnit(ask, id, trail.since, trail.read)
    states.set(unit, trail.known().state)
  }
  return {
    of: (unit) => states.get(unit) ?? EMPTY_STATE,
    units: units.map((unit) => {
      const { holder, isHeld = false, epoch = 0 } = known.get(unit) ?? {}
      return { unit, holder, isHeld, epoch }
    }),
  }
}

const inWords = (error: unknown): never => {
  throw error instanceof StateError ? new OperatorError(error.message) : error
}
