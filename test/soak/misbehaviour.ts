import { faultMixture } from '../../src/simulator/fault-mixture.ts'
import { type FaultScenario, faultList } from '../../src/simulator/fault-schema.ts'

/** A little of everything, and now and then nothing works at all or the clocks are minutes apart. */
export const misbehaviour: readonly FaultScenario[] = [
  ...faultList.parse([
    { fault: 'unavailable', after: '2m', for: '70s', every: '9m' },
    { fault: 'wrong-date', after: '4m', for: '20s', every: '9m' },
  ]),
  // Whether something is allowed is asked again every five minutes only, and that is tested elsewhere.
  ...faultMixture.filter(({ fault }) => fault !== 'denied'),
]
