import { request as requestHttps } from 'node:https'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { withLastQuestion } from '../../../src/adapters/aws/last-question.ts'
import { createVpn } from '../../../src/adapters/aws/vpn.ts'
import type { Outgoing } from '../../../src/adapters/proxy/outgoing.ts'
import { VpnError } from '../../../src/app/vpn.ts'
import { ENDPOINT, REGION } from './ec2-stand-in.ts'
import { type Gate, type Route, startGatedEc2 } from './gated-ec2.ts'
import { systemClock } from './system-clock.ts'

const TERMINATE = 'TerminateClientVpnConnections'
const never = new AbortController().signal
const ROUTES: readonly Route[] = ['http', 'https', 'https through a proxy']

afterEach(() => {
  vi.unstubAllEnvs()
})

type Ec2 = Awaited<ReturnType<typeof startGatedEc2>>

/** A client whose credentials come from the stand-in, and whose tenure ends when the test says so. */
const clientOf = (ec2: Ec2, outgoing: Outgoing = ec2.outgoing) => {
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_PROFILE']) {
    vi.stubEnv(name, undefined)
  }
  vi.stubEnv('AWS_CONFIG_FILE', '/dev/null')
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null')
  vi.stubEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI', ec2.credentialsUrl)
  const tenure = { holds: true, asked: 0 }
  const vpn = createVpn({
    region: REGION,
    endpointUrl: ec2.endpointUrl,
    requestTimeoutMs: 200_000,
    clock: systemClock,
    outgoing,
    holds: () => {
      tenure.asked++
      return tenure.holds
    },
  })
  const terminate = () =>
    vpn.terminate({ endpointId: ENDPOINT, connectionId: 'cvpn-connection-1' }, never).then(
      () => 'accepted',
      (error: unknown) => {
        if (error instanceof VpnError) return error
        throw error
      },
    )
  return { vpn, tenure, terminate }
}

describe.each(ROUTES)('a termination over %s', (route) => {
  it('is sent once while the unit is held, and reads are not asked about', async () => {
    await using ec2 = await startGatedEc2(route, () => {})
    const { vpn, tenure, terminate } = clientOf(ec2)
    await vpn.snapshot(ENDPOINT, never)
    expect(tenure.asked).toBe(0)
    expect(await terminate()).toBe('accepted')
    expect(tenure.asked).toBe(1)
    expect(ec2.received(TERMINATE)).toBe(1)
    vpn.close()
  })

  const gates: readonly Gate[] =
    route === 'http'
      ? ['credentials']
      : route === 'https'
        ? ['credentials', 'handshake']
        : ['credentials', 'tunnel', 'handshake']

  it.each(gates)('sends nothing if the unit is lost during the wait for: %s', async (lostAt) => {
    const { client, ec2: stand } = await (async () => {
      let lose = () => {}
      const ec2 = await startGatedEc2(route, (gate) => {
        if (gate === lostAt) lose()
      })
      const client = clientOf(ec2)
      lose = () => {
        client.tenure.holds = false
      }
      return { client, ec2 }
    })()
    await using ec2 = stand
    const failure = await client.terminate()
    expect(failure).toMatchObject({ code: 'not-held', message: expect.stringContaining('not sent') as string })
    expect(client.tenure.asked).toBe(1)
    expect(ec2.bytes()).toBe(0)

    // The credentials are known by now. A later tenure uses them over a new connection.
    client.tenure.holds = true
    if (lostAt === 'credentials') {
      expect(await client.terminate()).toBe('accepted')
      expect(ec2.received(TERMINATE)).toBe(1)
    }
    client.vpn.close()
  })

  it('sends nothing over a connection that an earlier call has left open', async () => {
    await using ec2 = await startGatedEc2(route, () => {})
    const { vpn, tenure, terminate } = clientOf(ec2)
    expect(await terminate()).toBe('accepted')
    expect(await terminate()).toBe('accepted')
    expect(ec2.connections()).toBe(1)
    const before = ec2.bytes()
    tenure.holds = false
    expect(await terminate()).toMatchObject({ code: 'not-held' })
    expect(ec2.bytes()).toBe(before)
    expect(ec2.received(TERMINATE)).toBe(2)
    vpn.close()
  })
})

it('a termination that waits for a socket of a full pool asks when it gets one', async () => {
  let release = () => {}
  const released = new Promise<void>((resolve) => (release = resolve))
  let reads = () => {}
  const isRead = new Promise<void>((resolve) => (reads = resolve))
  await using ec2 = await startGatedEc2('https', (gate, action) => {
    if (gate !== 'answer' || action === TERMINATE) return undefined
    reads()
    return released
  })
  const pools: Array<{ requests: NodeJS.Dict<unknown[]> }> = []
  const { vpn, tenure, terminate } = clientOf(ec2, {
    ...ec2.outgoing,
    agent: (limits) => {
      const agent = ec2.outgoing.agent({ ...limits, maxSockets: 1 })
      pools.push(agent)
      return agent
    },
  })
  const reading = vpn.snapshot(ENDPOINT, never)
  await isRead
  const before = ec2.bytes()
  const terminating = terminate()
  while (pools.every(({ requests }) => Object.keys(requests).length === 0)) await new Promise(setImmediate)
  expect(tenure.asked).toBe(0)
  tenure.holds = false
  release()
  await reading
  expect(await terminating).toMatchObject({ code: 'not-held' })
  expect(ec2.bytes()).toBe(before)
  expect(ec2.received(TERMINATE)).toBe(0)
  vpn.close()
})

it('without an engine nothing is asked, and requests get sockets that still connect', async () => {
  await using ec2 = await startGatedEc2('https', () => {})
  const limits: unknown[] = []
  clientOf(ec2)
  const vpn = createVpn({
    region: REGION,
    endpointUrl: ec2.endpointUrl,
    requestTimeoutMs: 200_000,
    clock: systemClock,
    outgoing: { ...ec2.outgoing, agent: (of) => (limits.push(of.connectsWithinMs), ec2.outgoing.agent(of)) },
  })
  await vpn.terminate({ endpointId: ENDPOINT, connectionId: 'cvpn-connection-1' }, never)
  expect(limits).toEqual([undefined])
  expect(ec2.received(TERMINATE)).toBe(1)
  vpn.close()
})

it('the bytes leave in the turn in which the question is answered', async () => {
  await using ec2 = await startGatedEc2('https', () => {})
  const agent = ec2.outgoing.agent({ maxSockets: 1, connectsWithinMs: 200_000 })
  for (const _connection of ['new', 'reused']) {
    let [before, after] = [-1, -1]
    const asking = withLastQuestion(agent, () => {
      before = request.socket?.bytesWritten ?? -1
      // The first thing after this turn.
      setImmediate(() => (after = request.socket?.bytesWritten ?? -1))
      return true
    })
    const request = requestHttps(ec2.endpointUrl, { agent: asking, method: 'POST' })
    request.end('Action=Terminate')
    await new Promise<void>((resolve) => {
      request.on('response', (answer) => answer.resume().on('end', resolve))
    })
    expect(before).toBeGreaterThanOrEqual(0)
    expect(after).toBeGreaterThanOrEqual(before + 'Action=Terminate'.length)
  }
  agent.destroy()
})
