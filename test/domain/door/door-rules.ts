import type { DoorRules } from '../../../src/domain/door/door-rules.ts'
import type { Policy } from '../../../src/domain/policies/policy.ts'

/** Rules of a door that acts; the hook says what is different. */
export const doorRules = (policies: readonly Policy[], different: Partial<DoorRules> = {}): DoorRules => ({
  policies,
  protect: [],
  mode: 'enforce',
  onError: 'allow',
  posture: [],
  endpointNames: new Map(),
  timeZone: 'UTC',
  policySetHash: '',
  showNames: true,
  ...different,
})
