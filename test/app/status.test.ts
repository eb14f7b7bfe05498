import { expect, it } from 'vitest'
import { endpointStatusOf } from '../../src/app/status.ts'
import { MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { connection, policy } from '../domain/build.ts'
import { assignment, startWorld } from './world.ts'

it('the status of an endpoint says that it was not read yet, and why it cannot be read, and nothing once it is fresh', async () => {
  await using world = startWorld({
    assignment: assignment([policy('max-session-age', { maxAge: '8h' })]),
    connections: [connection()],
  })
  world.aws.behaviour.latencyMs = 5 * SECOND
  world.aws.behaviour.failSnapshot = () => 'denied'
  await world.clock.advance(SECOND)
  const status = () => world.daemon.status().map((one) => endpointStatusOf(one, true))
  expect(status()).toMatchObject([{ view: 'unseen', active: null, terminate: null }])
  expect(status()[0]?.because).toMatch(/\w/)
  await world.clock.advance(5 * SECOND)
  expect(status()).toMatchObject([{ view: 'blind', because: 'snapshot: denied', active: null }])
  world.aws.behaviour.failSnapshot = () => undefined
  await world.clock.advance(MINUTE)
  expect(status()).toMatchObject([{ view: 'fresh', because: null, active: 1 }])
})
