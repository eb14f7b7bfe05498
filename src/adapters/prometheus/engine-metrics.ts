import type { Registry } from 'prom-client'
import type { CurfewEvent } from '../../app/events.ts'
import type { TenureEnd, UnitHolding } from '../../app/tenure.ts'
import { SECOND } from '../../domain/time/instant.ts'
import { createEngineInstruments } from './engine-instruments.ts'

export const UNIT_STATES = ['held', 'elsewhere', 'free'] as const satisfies readonly UnitHolding['state'][]
export const TENURE_OUTCOMES = ['began', 'returned', 'lost', 'refused'] as const satisfies readonly (
  | 'began'
  | TenureEnd
)[]

/** Updates the metrics of a replica from events. */
export const createEngineMetrics = (registry: Registry) => {
  const { up, units, members, generation, tenures, beat, oldGenerations } = createEngineInstruments(registry)
  for (const outcome of TENURE_OUTCOMES) tenures.inc({ outcome }, 0)

  /** A replica that is not joined knows nothing of the others: what it knew must not look current. */
  const leave = () => {
    up.set(0)
    units.reset()
    units.set({ state: 'held' }, 0)
    for (const gauge of [members, generation]) gauge.remove()
  }
  leave()

  return {
    observe(event: CurfewEvent): void {
      switch (event.event) {
        case 'engine-joined':
          up.set(1)
          members.set(event.members)
          generation.set(event.generation)
          break
        case 'engine-away':
        case 'engine-refused':
          leave()
          break
        case 'engine-beat':
          beat.observe(event.tookMs / SECOND)
          members.set(event.members)
          for (const state of UNIT_STATES)
            units.set({ state }, event.units.filter((unit) => unit.state === state).length)
          break
        case 'generation':
          generation.set(event.own)
          // The replica that brings a configuration back counts it. Of those that go on with theirs, each does.
          if (event.isNewerGone || (event.cameBack && event.begunBy === undefined)) oldGenerations.inc()
          break
        case 'tenure-began':
          tenures.inc({ outcome: 'began' })
          break
        case 'tenure-ended':
          tenures.inc({ outcome: event.how })
          break
        default:
          break
      }
    },
  }
}
