import { isoOrNull } from './iso-or-null.ts'
import type { SeenEndpoint } from './summary.ts'

/** The fields of an endpoint that the JSON of every command has. */
export const endpointJson = (one: SeenEndpoint) => {
  const { id, name, account = null, region } = one.endpoint
  const head = { endpointId: id, name, account, region }
  if ('failure' in one) return { ...head, complete: false, judgedAt: null, error: one.failure.message }
  return { ...head, complete: true, judgedAt: isoOrNull(one.judged.judgement.now), error: null }
}
