import type { Instant } from '../domain/time/instant.ts'
import { ACTIONS, type ActionName } from './action-name.ts'
import { actionsOf } from './fault-kinds.ts'
import type { FaultScenario } from './fault-schema.ts'
import type { Random } from './random.ts'

/** A request has at most one fault: the first of the list that strikes. */
export interface Faults {
  strike(
    request: { readonly service: string | undefined; readonly action: string },
    now: Instant,
  ): FaultScenario | undefined
  set(list: readonly FaultScenario[], now: Instant): void
}

const isOn = ({ after, for: lasts = Number.POSITIVE_INFINITY, every }: FaultScenario, sinceMs: number): boolean => {
  const into = sinceMs - after
  return into >= 0 && (every === undefined ? into : into % every) < lasts
}

const strikes = ({ fault, actions }: FaultScenario, action: string): boolean =>
  (actions ?? actionsOf(fault)).includes(action as ActionName)

export const createFaults = (list: readonly FaultScenario[], random: Random, startedAt: Instant): Faults => {
  let faults = list
  let since = startedAt
  return {
    strike({ service, action }, now) {
      if (service !== 'ec2' || !ACTIONS.includes(action as ActionName)) return undefined
      return faults.find(
        (fault) =>
          strikes(fault, action) &&
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
