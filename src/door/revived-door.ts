import { attempt } from '../domain/door/attempt.ts'
import { createDoor } from '../domain/door/door.ts'
import type { DoorRequest } from '../domain/door/request.ts'
import { because } from '../domain/judge/verdict.ts'
import type { Instant } from '../domain/time/instant.ts'
import { type Baked, revive } from './baked-rules.ts'
import type { Outcome } from './log-line.ts'

/** Decides about a request, and says why it would be denied. */
export type JudgeRequest = (request: DoorRequest, region: string | undefined, now: Instant) => Outcome

/** Prepares the baked policies once, for all requests. */
export const reviveDoor = (baked: Baked): JudgeRequest => {
  const door = createDoor(revive(baked))
  return (request, region, now) => {
    const decision = door.decide(request, region, now)
    if (decision.act === 'on-error') return { state: 'not-judged', error: decision.error }
    const { lead, connection } = decision
    // The decision stands, also where it cannot be put into words.
    const words = attempt(() => lead && because(lead, connection, now))
    return { state: 'decided', decision, because: 'value' in words ? words.value : undefined }
  }
}
