import type { Instant } from '../domain/time/instant.ts'
import type { Clock } from './clock.ts'
import type { Endpoint } from './endpoint.ts'
import type { CurfewEvent, WrittenFile } from './events.ts'

/** The terminate calls that wait for one account and Region. */
interface Queue {
  readonly account: string | undefined
  readonly region: string
  readonly length: number
  /** When the last of them leaves, if AWS refuses none. */
  readonly lastAt: Instant
}

/** What events have told, and no later event has ended. */
export interface Ongoing {
  readonly queues: readonly Queue[]
  /** The files that cannot be written, with the reason. */
  readonly unwritable: ReadonlyMap<WrittenFile, string>
  readonly missingPermissions: readonly { readonly endpoint: Endpoint; readonly action: string }[]
  /** The clocks of the host and of AWS; `apart`: nothing is ended. */
  readonly clocks: 'agree' | 'differ' | 'apart'
}

/** Keeps what events have told until an event ends it. */
export const createOngoing = (clock: Pick<Clock, 'now'>) => {
  const queues = new Map<string, Queue>()
  const unwritable = new Map<WrittenFile, string>()
  const missing = new Map<string, Ongoing['missingPermissions'][number]>()
  let clocks: Ongoing['clocks'] = 'agree'

  return {
    observe(event: CurfewEvent): void {
      switch (event.event) {
        case 'queue': {
          const { account, region, length, etaSeconds } = event
          queues.set(`${account} ${region}`, { account, region, length, lastAt: clock.now() + etaSeconds * 1000 })
          break
        }
        case 'unwritable':
          unwritable.set(event.what, event.message)
          break
        case 'writable':
          unwritable.delete(event.what)
          break
        case 'permission-missing':
        case 'permission-granted': {
          const { endpoint, action } = event
          const key = `${endpoint.region} ${endpoint.id} ${action}`
          if (event.event === 'permission-missing') missing.set(key, { endpoint, action })
          else missing.delete(key)
          break
        }
        case 'endpoints-changed':
          for (const [key, { endpoint }] of missing) {
            if (event.gone.some(({ id, region }) => id === endpoint.id && region === endpoint.region))
              missing.delete(key)
          }
          break
        case 'clock-skew':
          clocks = event.apart ? 'apart' : event.warned ? 'differ' : 'agree'
          break
        default:
      }
    },

    now: (): Ongoing => ({
      queues: [...queues.values()].filter(({ length }) => length > 0),
      unwritable: new Map(unwritable),
      missingPermissions: [...missing.values()],
      clocks,
    }),
  }
}
