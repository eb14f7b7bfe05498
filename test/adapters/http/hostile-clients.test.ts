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

/** Everything that the server answered to the conversation, once the connection is closed. */
const converse = async (port: number, { pieces, lastly }: Conversation): Promise<string> => {
  const socket = createConnection({ port, host: '127.0.0.1' })
  // The server may close the connection at any time, also during a write.
  const answered = untilEnded(socket)
  for (const piece of pieces) await new Promise<void>((resolve) => socket.write(piece, () => resolve()))
  if (lastly === 'end') socket.end()
  if (lastly === 'reset') socket.resetAndDestroy()
  return answered
}

/** Each answer of a conversation: its status, and the text up to the next answer. */
const answersIn = (text: string) =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3})[^]*?(?=HTTP\/1\.1 \d{3}|$)/g)].map(([answer, status]) => ({
    text: answer,
    status: Number(status),
  }))

const expectNoStack = (text: string) => expect(text).not.toMatch(/node_modules|\bat .*:\d+:\d+|\.ts:/)

/** A server with a login on every page except `/healthz` and `/readyz`. */
const serveWithLogins = async () => {
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

describe('the HTTP server', () => {
  it('admits no client without a login, and keeps answering, after any bytes', async () => {
    await using at = await serveWithLogins()
    const { server } = at
    const seen = new Set<number>()
    await fc.assert(
      fc.asyncProperty(conversation(['end', 'end', 'end', 'reset']), async (sent) => {
        const answers = await converse(server.port, sent)
        expectNoStack(answers)
        expect(answers).not.toMatch(/curfew_enforcing|"mode"|<h1>/)
        for (const { status, text } of answersIn(answers)) {
          seen.add(status)
          expect([100, 200, 400, 401, 404, 405, 408, 413, 414, 415, 417, 421, 429, 431, 501, 505]).toContain(status)
          if (status === 200) expect(text).toMatch(/\r\n\r\n(?:\{"status":"ok"\})?$/)
        }
        expect((await server.ask('/healthz')).status).toBe(200)
      }),
      { numRuns: fuzzRuns(250) },
    )
    for (const status of [200, 400, 401]) expect([...seen]).toContain(status)
    expect((await server.ask('/metrics', { token: TOKEN })).body).toContain('curfew_enforcing 1')
    expect(new Set(server.lines.map(({ event }) => event))).toEqual(new Set(['login-failed']))
  })

  it('closes every connection with an unfinished request, although no client closes one', async () => {
    await using at = await serveWithLogins()
    const { server } = at
    const sent = fc.sample(conversation(['wait']), fuzzRuns(60))
    for (let from = 0; from < sent.length; from += 60) {
      // Without half a request at the end, the server would keep the connection for the next scrape.
      const unfinished = sent.slice(from, from + 60).map((one) => ({ ...one, pieces: [...one.pieces, HALF] }))
      await Promise.all(unfinished.map((one) => converse(server.port, one)))
      expect((await server.ask('/metrics', { token: TOKEN })).status).toBe(200)
    }
  })
})

describe('the simulator', () => {
  it('keeps answering after any bytes', async () => {
    const unlimited = { burst: 1e6, perSecond: 1e6 }
    const simulator = await startSimulator({
      scenario: { ...defaultScenario, buckets: { describe: unlimited, terminate: unlimited, logs: unlimited } },
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
        expectNoStack(await converse(simulator.port, sent))
        expect(await listed()).toBe(200)
      }),
      { numRuns: fuzzRuns(150) },
    )
    await simulator.close()
  })
})
