import type { Configuration } from '../config/configuration.ts'
import { doorRulesOf } from '../config/door-rules.ts'
import { attempt } from '../domain/door/attempt.ts'
import { createDoor } from '../domain/door/door.ts'
import type { DoorDecision, NotJudged } from '../domain/door/door-decision.ts'
import { leftToDaemon } from '../domain/door/left-to-daemon.ts'
import { requestOf } from '../domain/door/request.ts'
import { because } from '../domain/judge/verdict.ts'
import type { Instant } from '../domain/time/instant.ts'
import { errorText } from '../door/log-line.ts'
import { bakedOf } from './baked.ts'
import type { DoorExplained } from './door-explained.ts'
import { watchedRegionOf } from './watched-place.ts'

type Settings = Parameters<typeof doorRulesOf>[1]

/** Where judging throws, the handler answers with `onError`. */
const decisionOrError = (decide: () => DoorDecision | NotJudged): DoorDecision | NotJudged => {
  const decided = attempt(decide)
  return 'value' in decided ? decided.value : { act: 'on-error', error: errorText(decided.error, true) }
}

/** A verdict counts for the handler, also where its reason cannot be put into words. */
const wordsOrError = (words: () => string): string => {
  const told = attempt(words)
  return 'value' in told ? told.value : `its reason cannot be put into words (${errorText(told.error, true)})`
}

/** Asks what the handler asks about an event, and for the reason of each verdict besides. */
export const explainAtDoor = (
  event: object,
  configuration: Configuration,
  { now, ...settings }: Settings & { readonly region: string | undefined; readonly now: Instant },
): DoorExplained => {
  const rules = doorRulesOf(configuration, settings)
  const { handlerHash } = bakedOf(rules).settings
  const request = requestOf(event)
  const region = settings.region ?? watchedRegionOf(request.endpointId, configuration)
  const decision = decisionOrError(() => createDoor(rules).decide(request, region, now))
  const verdicts =
    decision.act === 'on-error'
      ? []
      : decision.verdicts.map((verdict) => ({
          verdict,
          because: wordsOrError(() => because(verdict, decision.connection, now)),
          nextAt: verdict.nextAt,
          moved: undefined,
        }))
  return {
    request,
    region,
    now,
    decision,
    verdicts,
    left: leftToDaemon(configuration.policies, rules),
    rules,
    handlerHash,
  }
}
