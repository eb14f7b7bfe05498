import type { Assignment } from '../../src/app/daemon.ts'
import type { CurfewEvent } from '../../src/app/events.ts'
import { createFleet } from '../../src/app/fleet.ts'
import type { Site } from '../../src/app/site.ts'
import type { VpnSite } from '../../src/app/vpn.ts'
import type { Mode, Policy } from '../../src/domain/policies/policy.ts'
import { MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { ENDPOINT } from '../domain/build.ts'
import { rememberedSet } from '../domain/policy-sets.ts'
import { type createManualClock, settled } from './manual-clock.ts'
import { createStandInEngine, type SharedUnits } from './stand-in-engine.ts'
import { assignment, SITE, scheduleOf } from './world.ts'

export const OFFICE = 'eu-central-1 own'
export const LAB = 'us-east-1 own'
export const LAB_ENDPOINT = 'cvpn-endpoint-0123456789abcdef1'

const LAB_SITE: Site = { ...SITE, region: 'us-east-1' }

/** Two units with an endpoint each. */
export const twoUnits = (policies: readonly Policy[], mode: Mode = 'enforce'): Assignment => ({
  ...assignment(policies, mode),
  watch: [
    { site: SITE, endpoints: [{ id: ENDPOINT, name: 'office' }], discover: undefined },
    { site: LAB_SITE, endpoints: [{ id: LAB_ENDPOINT, name: 'lab' }], discover: undefined },
  ],
})

/** A replica on stand-ins. It is stopped at the end of the test. */
export const startReplica = (options: {
  readonly name?: string
  readonly assignment: Assignment
  readonly clock: ReturnType<typeof createManualClock>
  readonly aws: VpnSite
  readonly shared: SharedUnits
}) => {
  const { clock, aws, shared } = options
  const events: CurfewEvent[] = []
  let drawn = 0
  const engine = createStandInEngine(shared, options.name ?? 'one')
  const fleet = createFleet(options.assignment, {
    host: clock,
    random: () => (++drawn % 89) / 89,
    connect: (_site, _account, { hear }) => {
      const dated = async <Value>(request: Promise<Value>): Promise<Value> => {
        const startedAt = clock.elapsed()
        const answer = await request
        hear({ startedAt, endedAt: clock.elapsed(), date: Math.floor(clock.now() / SECOND) * SECOND })
        return answer
      }
      return {
        ...aws,
        account: (signal) => dated(aws.account(signal)),
        snapshot: (id, signal) => dated(aws.snapshot(id, signal)),
        lookUp: (id, ids, signal) => dated(aws.lookUp(id, ids, signal)),
        terminate: (target, signal) => dated(aws.terminate(target, signal)),
      }
    },
    scheduleOf,
    readPolicySet: rememberedSet,
    listeners: () => [(event) => events.push(event)],
    engine: () => engine.engine,
  })
  const stop = new AbortController()
  const stopped = fleet.run(stop.signal)

  return {
    fleet,
    engine,
    events,
    stop,
    stopped,
    of: <Name extends CurfewEvent['event']>(name: Name) =>
      events.filter((event): event is Extract<CurfewEvent, { event: Name }> => event.event === name),
    async [Symbol.asyncDispose]() {
      stop.abort()
      await settled()
      await clock.advance(MINUTE)
      await stopped
    },
  }
}
