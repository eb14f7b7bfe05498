import { rulesOf } from '../app/endpoint-watch.ts'
import type { Configuration } from '../config/configuration.ts'
import { type Connection, nameOrNone } from '../domain/connection.ts'
import { NO_LIMITS } from '../domain/guard/limits.ts'
import type { Judged } from '../domain/judge/explain.ts'
import { imaginedMemory, imaginedView } from '../domain/judge/imagined.ts'
import { judgeEndpoint } from '../domain/judge/judge-endpoint.ts'
import { NO_HISTORY } from '../domain/judge/memory.ts'
import { type Instant, NEVER } from '../domain/time/instant.ts'
import { assignmentOf } from './assignment.ts'
import { type WatchedPlace, watchedPlaceOf } from './watched-place.ts'

/** The id of a connection that does not exist. */
export const IMAGINED = 'imagined'

/** The facts that the options give. */
interface Imagined {
  readonly username: string | undefined
  readonly commonName: string | undefined
  /** The id of its endpoint, or the name under `watch`. */
  readonly endpointId: string | undefined
  readonly establishedAt: Instant | undefined
}

const connectionOf = (facts: Imagined, { endpointId, region }: WatchedPlace, at: Instant): Connection => ({
  endpointId,
  region,
  id: IMAGINED,
  username: nameOrNone(facts.username),
  commonName: nameOrNone(facts.commonName),
  establishedAt: facts.establishedAt ?? at,
  status: 'active',
  ingressBytes: undefined,
  egressBytes: undefined,
  posture: undefined,
})

/** An imagined connection, judged as if the policies had always been in force and the guard held nothing. */
export const judgeImagined = (
  facts: Imagined,
  configuration: Configuration,
  now: Instant,
): { readonly connection: Connection; readonly judged: Judged } => {
  const location = watchedPlaceOf(facts.endpointId, configuration)
  const connection = connectionOf(facts, location, now)
  const { policies, settings } = assignmentOf(configuration)
  const always = { changedAt: () => -NEVER, earlierSet: () => undefined }
  const rules = rulesOf(policies, { ...settings, guard: NO_LIMITS }, location, always)
  const memory = imaginedMemory({ ...NO_HISTORY, firstSeenAt: () => now })
  const judgement = judgeEndpoint(imaginedView(connection.endpointId, [connection], now), rules, memory, now)
  return { connection, judged: { judgement, rules, memory } }
}
