import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, it, vi } from 'vitest'
import { CONFIG, POLICIES } from './company.ts'
import { expectGolden } from './golden.ts'
import { runInProcess } from './in-process.ts'
import { OFFICE } from './office.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

const OFF_HOURS = `  - { name: contractors, kind: off-hours, timeZone: Europe/Berlin, allowed: [{ days: mon-fri, hours: "07:30-18:30" }], match: { users: ["ext-*"] } }
  - { name: tagged, kind: banned-users, users: [eve], match: { endpoints: ["tag:env=prod"] } }
`

const REQUEST = {
  'connection-id': 'cvpn-connection-0123456789abcdef1',
  'endpoint-id': OFFICE,
  username: 'ext-carol',
  'common-name': 'c'.repeat(255),
  'public-ip': '198.51.100.23',
  groups: ['contractors', 'engineering'],
  'schema-version': 'v2',
}

it('the whole output at the door, at two widths', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'curfew-door-'))
  try {
    await writeFile(join(folder, 'curfew.yaml'), CONFIG)
    await writeFile(join(folder, 'policies.yaml'), POLICIES + OFF_HOURS)
    await writeFile(join(folder, 'request.json'), JSON.stringify({ ...REQUEST, 'common-name': 'ext-carol' }))
    await writeFile(join(folder, 'doubtful.json'), JSON.stringify(REQUEST))
    const here = {
      run: async (args: readonly string[], env: Readonly<Record<string, string | undefined>> = {}) => {
        for (const [name, value] of Object.entries({ NO_COLOR: '1', ...env })) vi.stubEnv(name, value)
        const inFolder = args.map((arg) => (/\.(json|yaml)$/.test(arg) ? join(folder, arg) : arg))
        return { ...(await runInProcess(inFolder)), log: [] }
      },
    }
    const shown = (name: string, ...args: readonly string[]) =>
      expectGolden(name, here, [...args, '-c', 'curfew.yaml', '--at', '2026-11-23T19:00:00+01:00'], {})
    await shown('door-denied', 'connect-handler', 'try', 'request.json')
    await shown('door-audit', 'connect-handler', 'try', 'request.json', '--mode', 'audit')
    await shown('door-doubtful', 'connect-handler', 'try', 'doubtful.json')
    await shown('door-explained', 'explain', '--at-the-door', '--user', 'mallory', '--endpoint', 'partners')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
