import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { workspace } from './curfew.ts'

/** The samples of the repository. */
const samples = Object.fromEntries(
  [
    'config/curfew.yaml',
    ...['contractors', 'leavers', 'daily-reauthentication'].flatMap((name) =>
      ['yaml', 'test.yaml'].map((suffix) => `config/policies/${name}.${suffix}`),
    ),
  ].map((path) => [path, readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')]),
)

const POLICIES = `version: 1
policies:
  - { name: daily, kind: max-session-age, maxAge: 8h, grace: 5m }
  - { name: leavers, kind: banned-users, users: [mallory], mode: audit }
`

const testOf = (cases: string) => `version: 1\npolicies: [./policies.yaml]\ncases:\n${cases}`

const PASSES = `  - name: passes
    at: 2026-11-23T16:00:00Z
    connection: { username: alice, established: 2026-11-23T08:00:00Z }
    expect: keep
`

const FAILS = `  - name: mallory may stay
    at: 2026-11-23T16:00:00Z
    connection: { username: mallory, established: 2026-11-23T08:00:00Z }
    expect: keep
    nextAt: 2026-11-23T16:05:00Z
`

const lastLine = (stdout: string) => stdout.trimEnd().split('\n').at(-1)

describe('curfew test', () => {
  it('passes the sample tests, which it finds next to the policies of curfew.yaml', async () => {
    await using here = await workspace(samples)
    const { code, stdout, stderr } = await here.run(['test'])
    expect(stderr).toBe('')
    expect(lastLine(stdout)).toMatch(/^1\d passed, 0 failed$/)
    expect(code).toBe(0)
  })

  it('finds tests in the folder config if there is no curfew.yaml', async () => {
    await using here = await workspace({ 'config/policies.yaml': POLICIES, 'config/x.test.yaml': testOf(PASSES) })
    expect(await here.run(['test'])).toMatchObject({ code: 0, stdout: '1 passed, 0 failed\n' })
  })

  it('reports for each failure what was expected, what was decided and why', async () => {
    await using here = await workspace({ 'policies.yaml': POLICIES, 'x.test.yaml': testOf(PASSES + FAILS) })
    const { code, stdout } = await here.run(['test', 'x.test.yaml'])
    expect(stdout).toBe(`FAILED: mallory may stay
  x.test.yaml:8:5, at 2026-11-23T16:00:00Z
  expected: keep, until 2026-11-23T16:05:00Z
  got:      terminate by leavers, for ever
  why:
    daily (max-session-age): violated, in grace until 2026-11-23T16:05:00Z
      connected since 2026-11-23T08:00:00Z, for 8h: at most 8h is allowed; changes at 2026-11-23T16:05:00Z
    leavers (banned-users): violated
      banned as "mallory"

1 passed, 1 failed
`)
    expect(code).toBe(1)
  })

  it('names the connection if a case has several', async () => {
    const cases = `  - name: two
    at: 2026-11-23T16:05:00Z
    connections:
      - { id: fine, established: 2026-11-23T15:00:00Z, expect: keep }
      - { id: wrong, established: 2026-11-23T08:00:00Z, expect: keep, by: [leavers] }
`
    await using here = await workspace({ 'policies.yaml': POLICIES, 'x.test.yaml': testOf(cases) })
    const { stdout } = await here.run(['test', '.'])
    expect(stdout).toContain(
      'connection wrong\n  expected: keep by leavers\n  got:      terminate by daily, for ever\n',
    )
    expect(stdout).not.toContain('connection fine')
    expect(lastLine(stdout)).toBe('0 passed, 1 failed')
  })

  it('reports every problem of a file, counts the file as failed, and runs the others', async () => {
    await using here = await workspace({
      'policies.yaml': POLICIES,
      'a.test.yaml': testOf(PASSES.replace('keep', 'kepp').replace('alice', '7')),
      'b.test.yaml': testOf(PASSES),
    })
    const { code, stdout, stderr } = await here.run(['test', '.', 'nowhere'])
    expect(stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^a\.test\.yaml:6:29: error: /),
      expect.stringMatching(/^a\.test\.yaml:7:13: error: .*did you mean "keep"/),
      expect.stringMatching(/^nowhere:1:1: error: .*does not exist/),
    ])
    expect(stdout).toBe('1 passed, 2 failed\n')
    expect(code).toBe(1)
  })

  it('fails if the policies have an error', async () => {
    const files = { 'policies.yaml': POLICIES.replace('8h', '0h'), 'x.test.yaml': testOf(PASSES) }
    await using here = await workspace(files)
    const { code, stdout, stderr } = await here.run(['test', 'x.test.yaml'])
    expect(stderr).toMatch(/^policies\.yaml:3:51: error: policy "daily": /)
    expect(stdout).toBe('0 passed, 1 failed\n')
    expect(code).toBe(1)
  })

  it('fails if it finds no test', async () => {
    await using here = await workspace({ 'policies.yaml': POLICIES })
    const { code, stdout, stderr } = await here.run(['test', '.'])
    expect(code).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toContain('no policy test was found')
  })

  it('exits with 64 on wrong usage, and with 0 on --help', async () => {
    await using here = await workspace({})
    expect((await here.run(['test', '--no-such-option'])).code).toBe(64)
    expect(await here.run(['test', '--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('PATH') as string,
    })
  })
})
