import type { DoorRules, OnError } from '../domain/door/door-rules.ts'
import { isJudgedAtTheDoor } from '../domain/door/judged-at-the-door.ts'
import type { Mode } from '../domain/policies/policy.ts'
import type { Configuration } from './configuration.ts'

/**
 * What the client connect handler decides by. `mode` and `onError` take the place of those that the file says. In audit mode
 * the handler allows everybody, so that an error is no reason to deny.
 */
export const doorRulesOf = (
  { policies, protect, connectHandler, watch, timeZone, policySetHash, log }: Configuration,
  {
    mode = connectHandler.mode,
    onError = connectHandler.onError,
  }: { readonly mode?: Mode | undefined; readonly onError?: OnError | undefined },
): DoorRules => ({
  policies: policies.filter((policy) => isJudgedAtTheDoor(policy, connectHandler.posture)),
  protect,
  mode,
  onError: mode === 'audit' ? 'allow' : onError,
  posture: connectHandler.posture,
  endpointNames: new Map(
    watch.flatMap(({ endpoints }) => endpoints.flatMap(({ id, name }) => (name === undefined ? [] : [[id, name]]))),
  ),
  timeZone,
  policySetHash,
  showNames: log.pseudonymKey === undefined,
})
