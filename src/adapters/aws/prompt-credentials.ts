import type { fromNodeProviderChain } from '@aws-sdk/credential-providers'
import type { Clock } from '../../app/clock.ts'
import { within } from '../../app/within.ts'
import { type Elapsed, LONG_AGO, msBetween } from '../../domain/time/elapsed.ts'
import { MINUTE, SECOND } from '../../domain/time/instant.ts'

type Provider = ReturnType<typeof fromNodeProviderChain>
type Credentials = Awaited<ReturnType<Provider>>

/**
 * How long a search may go on before another one begins beside it. A slow `credential_process` needs some seconds. One
 * that does not answer is never ended by the SDK, so the pause doubles with each search that is open. There is no limit
 * to their number: an answer that was lost would blind Curfew for ever.
 */
const AGAIN_AFTER = { firstMs: 10 * SECOND, longestMs: 5 * MINUTE }

/** The name makes it the same failure as that of the SDK's providers. */
export class CredentialsLate extends Error {
  override name = 'CredentialsProviderError'
  /** The time that the search had, as a person reads it. */
  readonly limit: string

  constructor(limit: string) {
    super(`the source of the credentials has not answered for ${limit}`)
    this.limit = limit
  }
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
  /** How many searches have begun since the last answer. */
  let searches = 0

  const begin = (properties: Parameters<Provider>[0]): Promise<Credentials> => {
    // A search that was given up may still succeed.
    if (running !== undefined) provider = search()
    begunAt = clock.elapsed()
    searches++
    const begun = provider(properties)
    return running === undefined ? begun : Promise.race([running, begun])
  }

  const isLate = () => {
    const againAfterMs = Math.min(AGAIN_AFTER.longestMs, AGAIN_AFTER.firstMs * 2 ** (searches - 1))
    return msBetween(begunAt, clock.elapsed()) >= againAfterMs
  }

  const answered = (awaited: Promise<Credentials>) => {
    if (running !== awaited) return
    running = undefined
    searches = 0
  }

  return async (properties) => {
    if (running === undefined || isLate()) running = begin(properties)
    const awaited = running
    const found = await within(clock, limitMs, awaited).catch((error: unknown) => {
      answered(awaited)
      throw error
    })
    if (found === 'late') {
      throw new CredentialsLate(`${Math.round(limitMs / 100) / 10} s`)
    }
    answered(awaited)
    return found
  }
}
