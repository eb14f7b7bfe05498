import type { Instant } from '../domain/time/instant.ts'
import { ACTIONS, type SimulatedAction } from './action-name.ts'
import { actionsOf } from './fault-kinds.ts'
import type { FaultScenario } from './fault-schema.ts'
import type { Random } from './random.ts'

/** A request has at most one fault: the first fault of the list that applies to it. */
interface Faults {
  /** Chooses the fault of one request, by chance. */
  draw(
    request: { readonly service: string | undefined; readonly action: string },
    now: Instant,
  ): FaultScenario | undefined
  /** Replaces the list. The instants in it count from `now`. */
  set(list: readonly FaultScenario[], now: Instant): void
}

const isOn = ({ after, for: lasts = Number.POSITIVE_INFINITY, every }: FaultScenario, sinceMs: number): boolean => {
  const elapsedMs = sinceMs - after
  return elapsedMs >= 0 && (every === undefined ? elapsedMs : elapsedMs % every) < lasts
}

const appliesTo = ({ fault, actions }: FaultScenario, action: string): boolean =>
  (actions ?? actionsOf(fault)).includes(action as SimulatedAction)

export const createFaults = (list: readonly FaultScenario[], random: Random, startedAt: Instant): Faults => {
  let faults = list
  let since = startedAt
  return {
    draw({ service, action }, now) {
      if (service !== 'ec2' || !ACTIONS.includes(action as SimulatedAction)) return undefined
      return faults.find(
        (fault) =>
          appliesTo(fault, action) &&
          isOn(fault, now - since) &&
          random.within({ from: 1, to: 10_000 }) <= fault.percent * 100,
      )
    },
    set(list, now) {
      faults = list
      since = now
    },
  }
}
