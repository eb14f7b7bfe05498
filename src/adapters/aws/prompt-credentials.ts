import type { fromNodeProviderChain } from '@aws-sdk/credential-providers'
import type { Clock } from '../../app/clock.ts'
import { within } from '../../app/within.ts'
import { formatDuration } from '../../domain/time/duration.ts'
import { type Elapsed, LONG_AGO, msBetween } from '../../domain/time/elapsed.ts'
import { SECOND } from '../../domain/time/instant.ts'

type Provider = ReturnType<typeof fromNodeProviderChain>
type Credentials = Awaited<ReturnType<Provider>>

/** How long a search may go on before another one begins beside it. A slow `credential_process` needs some seconds. */
const AGAIN_AFTER_MS = 10 * SECOND

/** The name makes it the same failure as that of the SDK's providers. */
class CredentialsLate extends Error {
  override name = 'CredentialsProviderError'
}

/**
 * A provider that answers within `limitMs` or fails. The SDK waits for ever for a container agent, a token service or a
 * `credential_process` that does not answer, and gives every later caller the same promise. `search` makes a
 * provider that waits for no earlier one. The SDK caches the credentials that this provider returns.
 */
export const promptCredentials = (
  search: () => Provider,
  limitMs: number,
  clock: Pick<Clock, 'elapsed' | 'sleep'>,
): Provider => {
  let provider = search()
  let running: Promise<Credentials> | undefined
  let begunAt: Elapsed = LONG_AGO

  const begin = (properties: Parameters<Provider>[0]): Promise<Credentials> => {
    // A search that was given up may still succeed.
    if (running !== undefined) provider = search()
    begunAt = clock.elapsed()
    const begun = provider(properties)
    return running === undefined ? begun : Promise.race([running, begun])
  }

  return async (properties) => {
    if (running === undefined || msBetween(begunAt, clock.elapsed()) >= AGAIN_AFTER_MS) running = begin(properties)
    const awaited = running
    const found = await within(clock, limitMs, awaited).catch((error: unknown) => {
      if (running === awaited) running = undefined
      throw error
    })
    if (found === 'late') {
      throw new CredentialsLate(`the source of the credentials has not answered for ${formatDuration(limitMs)}`)
    }
    if (running === awaited) running = undefined
    return found
  }
}
