import { faultMixture } from '../../src/simulator/fault-mixture.ts'
import { type FaultScenario, faultList } from '../../src/simulator/fault-schema.ts'

/** A little of everything and, counted from when the faults are switched on, a while in which nothing works at all or the clocks are minutes apart. */
export const misbehaviour: readonly FaultScenario[] = [
  ...faultList.parse([
    { fault: 'unavailable', after: '90s', for: '70s' },
    { fault: 'wrong-date', after: '40s', for: '20s' },
  ]),
  // Whether something is allowed is asked again every five minutes only, and that is tested elsewhere.
  ...faultMixture.filter(({ fault }) => fault !== 'denied'),
]
