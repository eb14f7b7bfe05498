import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { certificate } from '../adapters/http/certificates.ts'

const answering =
  (status: number): RequestListener =>
  (_request, response) =>
    response.writeHead(status).end()

/** Runs the healthcheck against a server. */
const healthBeside = async (server: Server, scheme: string) => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/healthz`
  try {
    return { url, ...(await health(url)) }
  } finally {
    server.close()
  }
}

const health = async (url: string) => {
  const child = spawn(process.execPath, ['scripts/image/healthcheck.js'], { env: { CURFEW_HEALTH_URL: url } })
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout }
}

describe('the healthcheck of the image', () => {
  it.each([
    [200, 0],
    [503, 1],
    [404, 1],
    [302, 1],
  ])('turns an answer with status %i into the exit code %i', async (status, code) => {
    const { url, ...result } = await healthBeside(createServer(answering(status)), 'http')
    expect(result).toEqual({ code, stdout: `${url} answered ${status}\n` })
  })

  it('accepts a certificate that names another host', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'curfew-'))
    const server = createSecureServer(certificate(folder, 'server'), answering(200))
    expect(await healthBeside(server, 'https')).toMatchObject({ code: 0 })
    rmSync(folder, { recursive: true })
  })

  it('fails if no server listens', async () => {
    const { url } = await healthBeside(createServer(answering(200)), 'http')
    const { code, stdout } = await health(url)
    expect(code).toBe(1)
    expect(stdout).toContain(url)
  })

  it('does not wait for ever for a server that hangs', async () => {
    const server = createServer(() => {})
    const { code } = await healthBeside(server, 'http')
    expect(code).toBe(1)
    server.closeAllConnections()
  })
})
