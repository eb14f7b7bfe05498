import { faultMixture } from '../../src/simulator/fault-mixture.ts'
import { type FaultScenario, faultList } from '../../src/simulator/fault-schema.ts'

/**
 * The mixture of all faults, with two phases counted from the moment when the faults are switched on: AWS is unavailable,
 * and its clock is minutes ahead.
 */
export const misbehaviour: readonly FaultScenario[] = [
  ...faultList.parse([
    { fault: 'unavailable', after: '90s', for: '70s' },
    { fault: 'wrong-date', after: '40s', for: '20s' },
  ]),
  // The daemon checks a denied permission again only every five minutes. Other tests cover that.
  ...faultMixture.filter(({ fault }) => fault !== 'denied'),
]
