import { expect, it } from 'vitest'
import { createVpn } from '../../../src/adapters/aws/vpn.ts'
import { hostClock } from '../../../src/adapters/host/clock.ts'
import { NO_HISTORY } from '../../../src/domain/judge/memory.ts'
import { judge } from '../../../src/domain/judge/verdict.ts'
import { createPolicySet } from '../../../src/domain/policies/policy-set.ts'
import { createHandler } from '../../../src/door/handler.ts'
import { scenarioSchema } from '../../../src/simulator/scenario.ts'
import { startSimulator } from '../../../src/simulator/server.ts'
import { ENDPOINT, entry, PLACE, policy } from '../../domain/build.ts'
import { baked, MALLORY } from '../../door/rules.ts'
import { useFakeCredentials } from './fake-credentials.ts'

useFakeCredentials()

it('the statuses that the connect handler gives are those that the policies of the daemon judge by', async () => {
  const policies = [policy('posture', { require: ['managed'] }, { mode: 'audit' })]
  const managed = { users: [entry('ali*')], endpoints: undefined, regions: undefined }
  const posture = [
    { status: 'managed', match: managed },
    { status: 'checked', match: undefined },
  ]
  const handler = createHandler(baked({ policies, posture }), {
    now: () => Date.now(),
    elapsedMs: () => 0,
    region: PLACE.region,
    write: () => {},
  })
  const { region } = PLACE
  const endpoints = [{ id: ENDPOINT, name: 'staff', region, authentication: 'directory' as const }]
  const simulator = await startSimulator({ scenario: scenarioSchema.parse({ endpoints }), now: () => hostClock.now() })
  const vpn = createVpn({ region, endpointUrl: simulator.url, requestTimeoutMs: 20_000, clock: hostClock })
  try {
    for (const username of ['alice', 'bob']) {
      const answer = await handler({ ...MALLORY, username }, undefined)
      expect(answer.allow).toBe(true)
      simulator.world.connect({ endpointId: ENDPOINT, username, posture: answer['posture-compliance-statuses'] })
    }
    const { connections } = await vpn.snapshot(ENDPOINT, new AbortController().signal)
    const applicabilitiesOf = createPolicySet(policies, []).applicabilities(PLACE)
    const words = connections.map((connection): [string | undefined, readonly string[]] => [
      connection.username,
      applicabilitiesOf(connection).map((one) => judge(one, connection, NO_HISTORY, hostClock.now()).word),
    ])
    expect(Object.fromEntries(words)).toEqual({ alice: ['fine'], bob: ['violated'] })
  } finally {
    vpn.close()
    await simulator.close()
  }
})
