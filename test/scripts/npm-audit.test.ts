import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

describe('scripts/npm-audit.sh', () => {
  let tools: string

  beforeEach(() => (tools = mkdtempSync(join(tmpdir(), 'curfew-audit-'))))
  afterEach(() => rmSync(tools, { recursive: true, force: true }))

  const audit = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    new Promise<{ code: number | null; stderr: string }>((resolve) => {
      const given = { ...process.env, PATH: `${tools}:${process.env.PATH}`, ...env }
      const child = execFile('bash', ['scripts/npm-audit.sh', ...args], { env: given }, (_error, _stdout, stderr) =>
        resolve({ code: child.exitCode, stderr }),
      )
    })

  /** A program in place of npm, with an answer that npm 11 gave. */
  const npmSays = (answer: object) => {
    writeFileSync(join(tools, 'npm'), `#!/bin/sh\ncat <<'END'\n${JSON.stringify(answer)}\nEND\n`)
    chmodSync(join(tools, 'npm'), 0o755)
  }

  const known = (vulnerabilities: Readonly<Record<string, object>>) => ({
    vulnerabilities,
    metadata: { vulnerabilities: { total: Object.keys(vulnerabilities).length } },
  })

  it('passes CI if the registry does not support the question, and says loudly that nothing was checked', async () => {
    await using registry = createServer((request, response) => {
      request.resume().on('end', () => response.writeHead(405).end())
    }).listen(0, '127.0.0.1')
    await once(registry, 'listening')
    const { port } = registry.address() as AddressInfo
    const { code, stderr } = await audit([], { npm_config_registry: `http://127.0.0.1:${port}/` })
    expect(stderr).toMatch(/^NOT CHECKED: .*405/)
    expect(code).toBe(0)
  })

  it.each(['405 Method Not Allowed - POST https://mirror.example', 'request to https://mirror.example'])(
    'fails a release then, with the name under which that can be accepted: %s',
    async (start) => {
      npmSays({ message: `${start}/-/npm/v1/security/advisories/bulk` })
      const { code, stderr } = await audit(['--required'])
      expect(stderr).toMatch(/^NOT CHECKED: [^]*--accept audit-unasked\n$/)
      expect(code).toBe(1)
    },
  )

  it('passes a release if the registry knows of nothing severe', async () => {
    npmSays(known({ pino: { name: 'pino', severity: 'low', range: '*' } }))
    expect(await audit(['--required'])).toEqual({
      code: 0,
      stderr: 'npm audit: 1 known vulnerabilities in the released packages, 0 high or critical\n',
    })
  })

  it.each(['high', 'critical'])('fails everywhere for a vulnerability that is %s', async (severity) => {
    npmSays(known({ pino: { name: 'pino', severity, range: '<11' } }))
    const { code, stderr } = await audit([])
    expect(stderr).toContain(`${severity}: pino <11`)
    expect(code).toBe(1)
  })

  it('fails everywhere for a lock file that npm cannot read', async () => {
    npmSays({ error: { code: 'ENOLOCK', summary: 'This command requires an existing lockfile.' } })
    expect(await audit([])).toEqual({
      code: 1,
      stderr: 'npm audit failed: This command requires an existing lockfile.\n',
    })
  })
})
