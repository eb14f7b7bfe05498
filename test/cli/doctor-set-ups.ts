import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect } from 'vitest'
import type { ScenarioInput } from '../../src/simulator/scenario.ts'
import type { SimulatorOptions } from '../../src/simulator/server.ts'
import { CLEAN_ENV, MAIN, workspace } from './curfew.ts'
import { AGE_POLICY, curfewYaml, OFFICE, startOffice } from './office.ts'

type Env = Readonly<Record<string, string | undefined>>

/** A folder with a configuration, and a simulated AWS with one connection. Each test breaks one part of it. */
export const startSetUp = async ({
  scenario = {},
  aws = {},
  config = curfewYaml(),
  policies = AGE_POLICY,
  files = {},
}: {
  readonly scenario?: Partial<ScenarioInput>
  readonly aws?: Partial<SimulatorOptions>
  readonly config?: string
  readonly policies?: string
  readonly files?: Readonly<Record<string, string>>
} = {}) => {
  const office = await startOffice(scenario, aws)
  const here = await workspace({ 'curfew.yaml': config, 'policies.yaml': policies, ...files })
  return {
    office,
    here,
    doctor: (env: Env = {}, ...args: readonly string[]) =>
      here.run(['doctor', '-c', 'curfew.yaml', ...args], { ...office.env, ...env }),
    [Symbol.asyncDispose]: async () => {
      await office.close()
      await here[Symbol.asyncDispose]()
    },
  }
}

const NOBODY = 65_534

/** Runs the command as a user who owns nothing. Root may write everywhere. */
export const runAsNobody = async ({ here, office }: Awaited<ReturnType<typeof startSetUp>>): Promise<Ended> => {
  const { folder } = here
  await chmod(folder, 0o755)
  // The bundle itself may be where nobody else can read it.
  await cp(dirname(dirname(MAIN)), join(folder, 'dist'), { recursive: true })
  await here.write('package.json', '{ "type": "module" }')
  const child = spawn(process.execPath, ['dist/cli/main.js', 'doctor', '-c', 'curfew.yaml'], {
    cwd: folder,
    env: { ...CLEAN_ENV, ...office.env },
    ...(process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}),
  })
  const [code, stdout, stderr] = await Promise.all([
    once(child, 'close').then(([status]) => status as number | null),
    text(child.stdout),
    text(child.stderr),
  ])
  return { code, stdout, stderr }
}

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const firstLine = ({ stdout }: Ended) => stdout.split('\n', 1)[0] ?? ''

/** The first line names the cause: the check that failed, and words of what was found. */
export const expectFailed = (ended: Ended, check: string, ...words: readonly string[]) => {
  expect(firstLine(ended)).toMatch(new RegExp(`^Failed: ${check}[: ]`))
  for (const word of words) expect(firstLine(ended)).toContain(word)
  expect(ended.stderr).toBe('')
  expect(ended.code).toBe(1)
}

export const expectWarned = (ended: Ended, check: string, ...words: readonly string[]) => {
  expect(firstLine(ended)).toMatch(new RegExp(`^Nothing failed, but: ${check}[: ]`))
  for (const word of words) expect(firstLine(ended)).toContain(word)
  expect(ended.code).toBe(0)
}

/** A server in front of the simulator that changes the bodies of its answers. */
export const startChanger = async (simulatorUrl: string, change: (body: string) => string) => {
  const server = createServer((request, response) => {
    const kept = (headers: Readonly<Record<string, string | string[] | undefined>>, names: readonly string[]) =>
      Object.fromEntries(
        names.flatMap((name) => (typeof headers[name] === 'string' ? [[name, headers[name]] as const] : [])),
      )
    const pass = async () => {
      const headers = kept(request.headers, ['authorization', 'content-type', 'x-amz-date', 'x-amz-security-token'])
      const answer = await fetch(simulatorUrl, { method: 'POST', headers, body: await text(request) })
      const shown = kept(Object.fromEntries(answer.headers), ['content-type', 'date', 'x-amzn-requestid'])
      response.writeHead(answer.status, shown).end(change(await answer.text()))
    }
    void pass()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    env: { AWS_ENDPOINT_URL_EC2: url, AWS_ENDPOINT_URL_STS: url },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export const someone = (endpointId = OFFICE) => ({ endpointId, username: 'alice@corp.example', ageMs: 3_600_000 })
