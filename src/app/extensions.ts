import type { OpenOffer } from '../domain/judge/extension-offer.ts'
import { formatDuration } from '../domain/time/duration.ts'
import { SECOND } from '../domain/time/instant.ts'
import type { AuditTrail } from './audit.ts'
import type { Clock } from './clock.ts'
import type { EndpointWatch } from './endpoint-watch.ts'
import type { Emit } from './events.ts'
import type { ExtensionAnswer, ExtensionLook, ExtensionRight } from './extension-right.ts'
import { within } from './within.ts'

/** How long a person waits for the disk. */
const RECORDED_WITHIN_MS = 5 * SECOND

/** While the disk hangs, no more presses wait for it. */
const MOST_WAITING = 100

/**
 * Grants extensions, one at a time, so that two presses of one button cannot both find it unused. An extension is on disk
 * in the audit trail before it counts. If its disk answers late, the extension counts from then on.
 */
export const createExtensions = (options: {
  readonly watchOf: (right: ExtensionRight) => EndpointWatch | undefined
  readonly audit: Pick<AuditTrail, 'write'>
  readonly policySetHash: () => string
  readonly clock: Pick<Clock, 'now' | 'sleep'>
  readonly emit: Emit
}) => {
  const { watchOf, audit, policySetHash, clock, emit } = options
  let last: Promise<unknown> = Promise.resolve()
  let waiting = 0

  const look = (right: ExtensionRight): ExtensionLook => {
    const watch = watchOf(right)
    if (watch === undefined) return { state: 'not-watched' }
    return { ...watch.offerExtension(right, clock.now()), endpointName: watch.endpoint.name }
  }

  const grant = async (right: ExtensionRight): Promise<ExtensionAnswer> => {
    const found = look(right)
    const endpoint = watchOf(right)?.endpoint
    if (found.state !== 'open' || endpoint === undefined) return found as Exclude<ExtensionLook, OpenOffer>
    const { violation, extension, byMs } = found
    const { id: endpointId, region, account } = endpoint
    const time = clock.now()
    try {
      await audit.write([
        {
          time,
          event: 'extended',
          endpointId,
          account,
          region,
          ...violation,
          endsAt: extension.until,
          extension: extension.granted,
          by: formatDuration(byMs),
          via: 'link',
          policySetHash: policySetHash(),
        },
      ])
    } catch {
      return { state: 'unrecorded' }
    }
    // The endpoint may be reached in another way since, by another watch.
    watchOf(right)?.extend(found)
    emit({
      event: 'extended',
      endpoint,
      violation,
      ordinal: extension.granted,
      byMs,
      endsAt: extension.until,
      at: time,
    })
    return { ...found, state: 'granted' }
  }

  const inTurn = (right: ExtensionRight): Promise<ExtensionAnswer> => {
    waiting++
    const answer = last.then(() => grant(right))
    last = answer.catch(() => {})
    return answer.finally(() => {
      waiting--
    })
  }

  return {
    look,

    async press(right: ExtensionRight): Promise<ExtensionAnswer> {
      const granted = waiting < MOST_WAITING ? inTurn(right) : undefined
      const isLate = granted === undefined || (await within(clock, RECORDED_WITHIN_MS, granted)) === 'late'
      const answer: ExtensionAnswer = isLate ? { state: 'unrecorded' } : await granted
      if (answer.state !== 'granted') emit({ event: 'extension-refused', right, why: answer.state, at: clock.now() })
      return answer
    },
  }
}
