import { MINUTE, NEVER, SECOND } from '../../src/domain/time/instant.ts'
import { traffic } from '../../src/simulator/client.ts'
import type { Random } from '../../src/simulator/random.ts'
import type { SimulatedAws } from './aws.ts'
import { badgeOf, type Happening, userOf } from './scenario.ts'
import { ENDPOINTS } from './specs.ts'
import type { Timeline } from './timeline.ts'

const RECONNECT_MS = 2500
/** With federated authentication the user has to sign in again. */
const SIGN_IN_MS = 40 * SECOND

/** Clients that connect. */
export type Clients = Omit<Extract<Happening, { what: 'connects' }>, 'what' | 'afterSeconds'>

/** Lets clients connect to their endpoint. `reconnects`: whether they come back after they were ended. */
export const connectClients = (
  { user, endpoint, times, badge, ageMinutes, idle, unhealthy }: Clients,
  world: {
    readonly aws: Pick<SimulatedAws, 'connect'>
    readonly timeline: Timeline
    readonly random: Random
    readonly reconnects: boolean
  },
) => {
  const endpointId = ENDPOINTS[endpoint] ?? ''
  const username = endpoint === 0 ? undefined : userOf(user)
  const commonName = badge === 0 ? userOf(user) : badgeOf(badge)
  const reconnectMs = endpoint < 2 ? RECONNECT_MS : SIGN_IN_MS
  const reconnectAfter = world.reconnects ? reconnectMs : ('never' as const)
  for (let time = 0; time < times; time++) {
    const client = {
      username,
      commonName,
      posture: unhealthy ? ['unhealthy'] : time % 2 === 0 ? ['healthy'] : [],
      reconnectAfter,
      leavesAt: NEVER,
      ...traffic(idle, world.random),
    }
    world.aws.connect(endpointId, client, world.timeline.now() - ageMinutes * MINUTE)
  }
}
