import type { DoorDecision, NotJudged } from '../../../src/domain/door/door-decision.ts'

/** A decision. Throws if the request was not judged. */
export const judged = (outcome: DoorDecision | NotJudged): DoorDecision => {
  if (outcome.act === 'on-error') throw new Error(outcome.error)
  return outcome
}
