import { describe, expect, it } from 'vitest'
import { HOUR } from '../../src/domain/time/instant.ts'
import { type Running, workspace } from '../cli/curfew.ts'
import { curfewYaml, OFFICE, startOffice } from '../cli/office.ts'

/** Clears the screen, sets the title, adds a forged row, sets a color by an 8-bit control, and reverses the text. */
const HOSTILE =
  'mallory\u001b[2J\u001b]0;owned\u0007\nadmin  nobody  cvpn-connection-0\u2028\u009b31m\u202eelbisivni\u200b'

/** Characters that a terminal acts on or that end a line. The newline itself is allowed. */
const UNPRINTABLE = /(?!\n)[\p{C}\p{Zl}\p{Zp}]/u

const POLICIES = `
version: 1
policies:
  - { name: daily, kind: max-session-age, maxAge: 8h, guard: off }
  - { name: leavers, kind: banned-users, users: [{ pattern: "mal*", reason: "gone\\e[31m\\nfor good" }], mode: audit }
`

const start = async (curfew = '') => {
  const office = await startOffice({
    endpoints: [{ id: OFFICE, name: 'office', region: 'eu-central-1', authentication: 'federated' }],
  })
  office.world.changeEndpoint(OFFICE, { name: HOSTILE })
  const id = office.world.connect({ endpointId: OFFICE, username: HOSTILE, ageMs: 9 * HOUR })
  office.world.connect({ endpointId: OFFICE, username: 'bob', ageMs: HOUR })
  const here = await workspace({
    'curfew.yaml': curfewYaml(curfew).replace(`endpoints: [{ id: ${OFFICE}, name: office }]`, 'discover: all'),
    'policies.yaml': POLICIES,
  })
  return { office, here, id }
}

describe('a name with terminal control characters', () => {
  it.each([
    ['plan', () => ['plan', '--mode', 'enforce']],
    ['connections', () => ['connections']],
    ['explain --connection', (id: string) => ['explain', '--connection', id]],
    ['explain --user', () => ['explain', '--user', HOSTILE]],
    ['explain --imagine', () => ['explain', '--imagine', '--user', HOSTILE]],
  ])('is shown escaped by %s', async (_command, args) => {
    const { office, here, id } = await start()
    await using _office = office
    await using _here = here
    const { stdout, stderr, code } = await here.run([...args(id), '-c', 'curfew.yaml'], office.env)
    expect(code).toBe(0)
    expect(stdout + stderr).not.toMatch(UNPRINTABLE)
    expect(stdout).toContain(String.raw`mallory\u001b[2J\u001b]0;owned\u0007\nadmin  nobody`)
    expect(stdout).not.toMatch(/^admin/m)
    expect(stdout).not.toMatch(/^for good/m)
  })

  it('is escaped but unchanged in JSON output', async () => {
    const { office, here } = await start()
    await using _office = office
    await using _here = here
    const args = ['plan', '--mode', 'enforce', '--output', 'json', '-c', 'curfew.yaml']
    const { stdout } = await here.run(args, office.env)
    expect(stdout).not.toMatch(UNPRINTABLE)
    const { endpoints } = JSON.parse(stdout) as { endpoints: { name: string; terminate: { username: string }[] }[] }
    expect(endpoints.map(({ name, terminate }) => [name, terminate.map(({ username }) => username)])).toEqual([
      [HOSTILE, [HOSTILE]],
    ])
  })

  const runUntilEnded = async (running: Running, ended: (stdout: string) => boolean) => {
    await running.until((stdout) => ended(stdout) || undefined)
    running.child.kill('SIGTERM')
    expect(await running.exited).toBe(0)
    return running.stdout + running.stderr
  }

  const enforcing = 'mode: enforce\npoll: { schedule: "* * * * * *", minGap: 1s }'

  it('is escaped but unchanged in the log, which has one object on each line', async () => {
    const { office, here, id } = await start(enforcing)
    await using _office = office
    await using _here = here
    await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
    const output = await runUntilEnded(running, (stdout) => /"event":"termination"/.test(stdout))
    expect(output).not.toMatch(UNPRINTABLE)
    const lines = output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines.find(({ event }) => event === 'termination')).toMatchObject({ connectionId: id, username: HOSTILE })
  })

  it('stays on its line in the pretty log', async () => {
    const { office, here } = await start(enforcing)
    await using _office = office
    await using _here = here
    await using running = here.start(['run', '-c', 'curfew.yaml'], { ...office.env, LOG_FORMAT: 'pretty' })
    const output = await runUntilEnded(running, (stdout) => /a later answer of AWS proves it/.test(stdout))
    expect(output).not.toMatch(UNPRINTABLE)
    expect(output).not.toMatch(/^\s*(?:admin|for good)/m)
  })
})

describe('text from a file', () => {
  it('is escaped in messages that quote it, and does not begin a new line', async () => {
    await using here = await workspace({
      'a.yaml':
        'version: 1\npolicies:\n  - { name: "a\\e[31m\\n::error::b", kind: max-session-age, maxAge: "8h\\e]0;x\\a" }\n',
    })
    const { stderr, code } = await here.run(['validate', 'a.yaml'])
    expect(code).toBe(1)
    expect(stderr).not.toMatch(UNPRINTABLE)
    for (const line of stderr.trimEnd().split('\n')) expect(line).toMatch(/^a\.yaml:\d+:\d+: error: |^\d+ errors?$/)
  })

  it('begins no line in the report of a policy test, where CI systems would read it as a command', async () => {
    await using here = await workspace({
      'a.yaml':
        'version: 1\npolicies: [{ name: a, kind: banned-users, users: [{ pattern: "*x", reason: "r\\n::error::r" }] }]\n',
      'a.test.yaml': `version: 1
policies: [./a.yaml]
cases:
  - name: two of them
    at: 2026-11-23T12:00:00Z
    connections:
      - { id: "i\\n::set-env name=A::i\\e[2J", username: "mallory\\n::error::x", expect: keep }
      - { id: other, username: bob, expect: keep }
`,
    })
    const { code, stdout, stderr } = await here.run(['test', 'a.test.yaml'])
    expect(code).toBe(1)
    expect(stderr).toBe('')
    expect(stdout).not.toMatch(UNPRINTABLE)
    expect(stdout).toContain(String.raw`connection i\n::set-env name=A::i\u001b[2J`)
    expect(stdout).toContain(String.raw`r\n::error::r`)
    expect(stdout).not.toMatch(/^::/m)
  })
})
