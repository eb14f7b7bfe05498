import { writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { hashSync } from 'bcryptjs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultScenario } from '../../../src/simulator/default-scenario.ts'
import { startSimulator } from '../../../src/simulator/server.ts'
import { fuzzRuns } from '../../fuzz-runs.ts'
import { type Conversation, conversation } from './raw-requests.ts'
import { serve, temporaryFolder, untilEnded } from './serving.ts'

const TOKEN = '0123456789abcdef0123456789abcdef'

const HALF = Buffer.from('GET /metrics HTTP/1.1\r\nHost')

/** What a server said to all of it, once it has let go of the connection. */
const hold = async (port: number, { pieces, lastly }: Conversation): Promise<string> => {
  const socket = createConnection({ port, host: '127.0.0.1' })
  // It may be cut off at any time, also while it is being written to.
  const said = untilEnded(socket)
  for (const piece of pieces) await new Promise<void>((resolve) => socket.write(piece, () => resolve()))
  if (lastly === 'end') socket.end()
  if (lastly === 'reset') socket.resetAndDestroy()
  return said
}

/** Each answer of a conversation: its status, and all that follows to the next one. */
const answersIn = (said: string) =>
  [...said.matchAll(/HTTP\/1\.1 (\d{3})[^]*?(?=HTTP\/1\.1 \d{3}|$)/g)].map(([text, status]) => ({
    text,
    status: Number(status),
  }))

const expectNoStack = (text: string) => expect(text).not.toMatch(/node_modules|\bat .*:\d+:\d+|\.ts:/)

/** A server whose every page but the two bits asks for a login. */
const guarded = async () => {
  const folder = temporaryFolder()
  const bearerTokenFile = join(folder.path, 'token')
  writeFileSync(bearerTokenFile, TOKEN)
  const server = await serve({ bearerTokenFile, basicAuthUsers: { prometheus: hashSync('secret', 4) } })
  return {
    server,
    async [Symbol.asyncDispose]() {
      await server.close()
      folder[Symbol.dispose]()
    },
  }
}

describe('the server of metrics', () => {
  it('answers whatever is sent to it, lets nobody in, and goes on answering', async () => {
    await using at = await guarded()
    const { server } = at
    const seen = new Set<number>()
    await fc.assert(
      fc.asyncProperty(conversation(['end', 'end', 'end', 'reset']), async (sent) => {
        const said = await hold(server.port, sent)
        expectNoStack(said)
        expect(said).not.toMatch(/curfew_enforcing|"mode"|<h1>/)
        for (const { status, text } of answersIn(said)) {
          seen.add(status)
          expect([100, 200, 400, 401, 404, 405, 408, 413, 414, 415, 417, 429, 431, 501, 505]).toContain(status)
          if (status === 200) expect(text).toMatch(/\r\n\r\n(?:\{"status":"ok"\})?$/)
        }
        expect((await server.ask('/healthz')).status).toBe(200)
      }),
      { numRuns: fuzzRuns(250) },
    )
    for (const status of [200, 400, 401]) expect([...seen]).toContain(status)
    expect((await server.ask('/metrics', { token: TOKEN })).body).toContain('curfew_enforcing 1')
    expect(server.lines).toEqual([])
  })

  it('lets go of every connection on which a client owes it something, though no client ends one', async () => {
    await using at = await guarded()
    const { server } = at
    const sent = fc.sample(conversation(['wait']), fuzzRuns(60))
    for (let from = 0; from < sent.length; from += 60) {
      // Without the half of a request a connection would be kept for the next one, as scrapers want it.
      const owing = sent.slice(from, from + 60).map((one) => ({ ...one, pieces: [...one.pieces, HALF] }))
      await Promise.all(owing.map((one) => hold(server.port, one)))
      expect((await server.ask('/metrics', { token: TOKEN })).status).toBe(200)
    }
  })
})

describe('the simulator', () => {
  it('answers whatever is sent to it, and goes on answering', async () => {
    const unlimited = { burst: 1e6, perSecond: 1e6 }
    const simulator = await startSimulator({
      scenario: { ...defaultScenario, buckets: { describe: unlimited, terminate: unlimited } },
    })
    const listed = async () => {
      const body = new URLSearchParams({ Action: 'DescribeClientVpnEndpoints', Version: '2016-11-15' })
      const headers = {
        authorization: `AWS4-HMAC-SHA256 Credential=any/20261123/eu-central-1/ec2/aws4_request, SignedHeaders=host, Signature=${'0'.repeat(64)}`,
      }
      return (await fetch(simulator.url, { method: 'POST', body, headers })).status
    }
    await fc.assert(
      fc.asyncProperty(conversation(['end', 'end', 'reset']), async (sent) => {
        expectNoStack(await hold(simulator.port, sent))
        expect(await listed()).toBe(200)
      }),
      { numRuns: fuzzRuns(150) },
    )
    await simulator.close()
  })
})
