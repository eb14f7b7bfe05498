import { type Assignment, createDaemon } from '../../src/app/daemon.ts'
import type { CurfewEvent } from '../../src/app/events.ts'
import type { Connection } from '../../src/domain/connection.ts'
import { type Instant, MINUTE, SECOND } from '../../src/domain/instant.ts'
import type { Mode, Policy } from '../../src/domain/policy.ts'
import { createPolicySet } from '../../src/domain/policy-set.ts'
import { ENDPOINT, NOON } from '../domain/build.ts'
import { createManualClock, settled } from './manual-clock.ts'
import { createStandInVpn } from './stand-in-vpn.ts'

const PERIOD = 15 * SECOND

/** Every fifteen seconds, on the quarter minute. */
const calendar = () => ({ next: (now: Instant) => (Math.floor(now / PERIOD) + 1) * PERIOD })

export const assignment = (policies: readonly Policy[], mode: Mode = 'enforce'): Assignment => ({
  policies: createPolicySet(policies, []),
  policySetHash: 'hash',
  settings: {
    mode,
    staleAfterMs: 5 * MINUTE,
    minGapMs: 5 * SECOND,
    termination: { verifyWithinMs: MINUTE, attempts: 3 },
  },
  schedule: '*/15 * * * * *',
  terminationRate: { burst: 40, perSecond: 4 },
  watch: [
    {
      region: 'eu-central-1',
      endpointUrl: undefined,
      endpoints: [{ id: ENDPOINT, name: 'office', region: 'eu-central-1' }],
    },
  ],
})

/** A daemon on a hand-moved clock and a stand-in endpoint, stopped when the test is over. */
export const startWorld = (options: {
  readonly assignment: Assignment
  readonly connections: readonly Connection[]
  readonly start?: boolean
}) => {
  const clock = createManualClock(NOON)
  const aws = createStandInVpn(clock, options.connections)
  const events: CurfewEvent[] = []
  const daemon = createDaemon({
    assignment: options.assignment,
    connect: () => aws.vpn,
    calendar,
    clock,
    random: () => 0.5,
    emit: (event) => events.push(event),
  })
  const stop = new AbortController()
  const stopped = options.start === false ? Promise.resolve() : daemon.run(stop.signal)

  return {
    clock,
    aws,
    daemon,
    events,
    stop,
    stopped,
    of: <Name extends CurfewEvent['event']>(name: Name) =>
      events.filter((event): event is Extract<CurfewEvent, { event: Name }> => event.event === name),
    endedIds: () => aws.calls.map(({ id }) => id),
    async [Symbol.asyncDispose]() {
      stop.abort()
      await settled()
      await clock.advance(MINUTE)
      await stopped
    },
  }
}
