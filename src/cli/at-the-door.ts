import type { Configuration } from '../config/configuration.ts'
import { doorRulesOf } from '../config/door-rules.ts'
import { createDoor } from '../domain/door/door.ts'
import { leftToDaemon } from '../domain/door/left-to-daemon.ts'
import { requestOf } from '../domain/door/request.ts'
import { because } from '../domain/judge/verdict.ts'
import type { Instant } from '../domain/time/instant.ts'
import type { DoorExplained } from './door-explained.ts'
import { watchedRegionOf } from './watched-place.ts'

type Settings = Parameters<typeof doorRulesOf>[1]

/** Asks what the handler asks about an event, and for the reason of each verdict besides. */
export const explainAtDoor = (
  event: object,
  configuration: Configuration,
  { now, ...settings }: Settings & { readonly region: string | undefined; readonly now: Instant },
): DoorExplained => {
  const rules = doorRulesOf(configuration, settings)
  const request = requestOf(event)
  const region = settings.region ?? watchedRegionOf(request.endpointId, configuration)
  const decision = createDoor(rules).decide(request, region, now)
  const verdicts =
    decision.act === 'on-error'
      ? []
      : decision.verdicts.map((verdict) => ({
          verdict,
          because: because(verdict, decision.connection, now),
          nextAt: verdict.nextAt,
          moved: undefined,
        }))
  return { request, region, now, decision, verdicts, left: leftToDaemon(configuration.policies), rules }
}
