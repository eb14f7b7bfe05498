import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createLogEvents } from '../../../src/adapters/aws/log-events.ts'
import { createVpn } from '../../../src/adapters/aws/vpn.ts'
import { createPost } from '../../../src/adapters/notify/post.ts'
import { receiptOf } from '../../../src/adapters/notify/retry.ts'
import { readOutgoing } from '../../../src/adapters/proxy/outgoing.ts'
import { useFakeCredentials } from './fake-credentials.ts'
import { systemClock } from './system-clock.ts'

useFakeCredentials()

const never = new AbortController().signal

/** A proxy that answers CONNECT with `reply`, or never. With `cuts` it closes the tunnel at the first bytes in it. */
const startProxy = async (reply: string | undefined, cuts = false) => {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.once('data', () => {
      if (reply === undefined) return
      socket.write(reply)
      if (cuts) socket.once('data', () => socket.destroy())
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

const outgoingOf = (env: Readonly<Record<string, string>>) => {
  const read = readOutgoing(env)
  if ('problems' in read) throw new Error(read.problems.join('\n'))
  return read
}

const vpnBehind = (env: Readonly<Record<string, string>>, endpointUrl: string, requestTimeoutMs: number) =>
  createVpn({
    region: 'eu-central-1',
    endpointUrl,
    requestTimeoutMs,
    clock: systemClock,
    outgoing: outgoingOf(env),
  })

const failureOf = async (...args: Parameters<typeof vpnBehind>) => {
  const reading = vpnBehind(...args).survey.newestRowAt('cvpn-endpoint-0123456789abcdef0', never)
  return (await reading.catch((error: unknown) => error)) as Error
}

const EC2 = 'https://ec2.eu-central-1.amazonaws.com'

describe('a call through a proxy', () => {
  it('names the proxy that never answers, before its own time is over', async () => {
    const address = await startProxy(undefined)
    const env = { HTTPS_PROXY: address }
    const { message } = await failureOf(env, EC2, 2000)
    expect(message).toContain(`the proxy ${address} of HTTPS_PROXY has given no connection to`)
    expect(message).toContain('check that HTTPS_PROXY names a proxy for HTTPS')
    const reach = await vpnBehind(env, EC2, 2000).survey.reach('EC2', never)
    expect(reach).toMatchObject({ obstacle: 'proxy', advice: expect.stringContaining('HTTPS_PROXY') as string })
  })

  it('does not advise to set HTTPS_PROXY if the tunnel is cut', async () => {
    const address = await startProxy('HTTP/1.1 200 OK\r\n\r\n', true)
    const { message } = await failureOf({ HTTPS_PROXY: address }, EC2, 20_000)
    expect(message).toContain('ECONNRESET')
    expect(message).toContain(`check the log of the proxy ${address}`)
    expect(message).not.toContain('set HTTPS_PROXY')
  })

  it('says that NO_PROXY exempts a host that nobody knows', async () => {
    const env = { HTTPS_PROXY: '127.0.0.1:9', no_proxy: '.invalid' }
    const { message } = await failureOf(env, 'https://ec2.invalid', 20_000)
    expect(message).toContain('no_proxy exempts ec2.invalid from the proxy')
    expect(message).not.toContain('set HTTPS_PROXY')
  })
})

it('a log group is read through the proxy too', async () => {
  const address = await startProxy('HTTP/1.1 403 Forbidden\r\n\r\n')
  const outgoing = outgoingOf({ HTTPS_PROXY: address })
  const logs = createLogEvents({ region: 'eu-central-1', requestTimeoutMs: 20_000, clock: systemClock, outgoing })
  onTestFinished(() => logs.close())
  const reading = logs.page({ logGroup: '/aws/clientvpn', from: 0, to: 1 }, undefined, never)
  await expect(reading).rejects.toThrow(
    new RegExp(`FilterLogEvents of /aws/clientvpn .* ${address} .*logs\\.eu-central-1\\.amazonaws\\.com`),
  )
})

describe('a notification through a proxy', () => {
  const receiptThrough = async (reply: string, cuts = false) => {
    const address = await startProxy(reply, cuts)
    const post = createPost('https://hooks.corp.example/', outgoingOf({ HTTPS_PROXY: address }))
    onTestFinished(() => post.close())
    return { address, receipt: receiptOf(await post.send('{}', {}, never), 0) }
  }

  it('says what to do if the proxy asks for a password', async () => {
    const { address, receipt } = await receiptThrough('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
    expect(receipt).toEqual({
      result: 'retry',
      code: `HTTP 407 at the proxy ${address} of HTTPS_PROXY`,
      advice: `Write a user name and a password into HTTPS_PROXY: http://USER:PASSWORD@${address}`,
    })
  })

  it('says what to do if the tunnel is cut', async () => {
    const { address, receipt } = await receiptThrough('HTTP/1.1 200 OK\r\n\r\n', true)
    expect(receipt.code).toBe(`ECONNRESET through the proxy ${address} of HTTPS_PROXY`)
    expect(receipt.advice).toContain('Check the log of the proxy')
  })
})
