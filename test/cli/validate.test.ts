import { describe, expect, it } from 'vitest'
import { workspace } from './curfew.ts'
import { curfewYaml } from './office.ts'

const GOOD = 'version: 1\npolicies:\n  - { name: daily, kind: max-session-age, maxAge: 8h }\n'
const ADDED = `${GOOD}  - { name: staff, kind: max-session-age, maxAge: 9h, match: { users: ["staff-*"] } }\n`
const BROKEN = `${ADDED}  - { name: typo, kind: max-session-age, maxAge: 8hours }\n`
const UNUSED = `${BROKEN}groups: { nobody: [bob] }\n`

const inFolder = async (policies: string) => workspace({ 'curfew.yaml': curfewYaml(), 'policies.yaml': policies })
const VALIDATE = ['validate', '-c', 'curfew.yaml']

describe('curfew validate', () => {
  it('accepts a configuration without problems', async () => {
    await using here = await inFolder(GOOD)
    for (const args of [VALIDATE, [...VALIDATE, '--strict'], ['validate', 'policies.yaml', '--strict']]) {
      expect(await here.run(args)).toMatchObject({ code: 0, stdout: 'no errors\n', stderr: '' })
    }
  })

  it('prints warnings like errors, and fails because of them only with --strict', async () => {
    await using here = await inFolder(ADDED)
    const line = /^policies\.yaml:4:13: warning: policy "staff": .*"daily".*\n/
    const lenient = await here.run(VALIDATE)
    expect(lenient).toMatchObject({ code: 0, stdout: 'no errors, 1 warning\n' })
    expect(lenient.stderr).toMatch(line)
    const strict = await here.run([...VALIDATE, '--strict'])
    expect(strict).toMatchObject({ code: 1, stdout: '' })
    expect(strict.stderr).toMatch(line)
    expect(strict.stderr).toMatch(/\nno errors, 1 warning\n$/)
    expect(await here.run(['validate', 'policies.yaml', '--strict'])).toMatchObject({ code: 1 })
  })

  it('prints errors first, and gives no warnings about the contents of broken policies', async () => {
    await using here = await inFolder(UNUSED)
    const { code, stdout, stderr } = await here.run(VALIDATE)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr.split('\n').map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'policies.yaml:5:50: error:',
      'policies.yaml:6:11: warning:',
      '1 error,',
      '',
    ])
  })

  it('reports the same in JSON', async () => {
    await using here = await inFolder(ADDED)
    const { code, stdout, stderr } = await here.run([...VALIDATE, '--output', 'json', '--strict'])
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    expect(JSON.parse(stdout)).toEqual({
      problems: [
        {
          severity: 'warning',
          file: 'policies.yaml',
          line: 4,
          column: 13,
          policy: 'staff',
          message: expect.any(String) as string,
        },
      ],
      errors: 0,
      warnings: 1,
    })
    await here.write('policies.yaml', `${GOOD}unknown: 1\n`)
    const broken = JSON.parse((await here.run([...VALIDATE, '--output', 'json'])).stdout) as object
    expect(broken).toMatchObject({ problems: [{ severity: 'error', policy: null }], errors: 1, warnings: 0 })
  })

  it('has a note about a policy that only the connect handler can judge, on which --strict does not fail', async () => {
    await using here = await inFolder(`version: 1
policies:
  - name: old-clients
    kind: banned-users
    users: ["*@corp.example"]
    match: { door: { clientVersion: ["< 5.2"] } }
`)
    const { code, stdout, stderr } = await here.run([...VALIDATE, '--strict'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'no errors, 1 note\n' })
    expect(stderr).toMatch(
      /^policies\.yaml:6:14: note: policy "old-clients": only the connect handler knows clientVersion/,
    )
    const json = JSON.parse((await here.run([...VALIDATE, '--output', 'json'])).stdout) as object
    expect(json).toMatchObject({ problems: [{ severity: 'note' }], errors: 0, warnings: 0 })
  })

  it('warns of a ban that has ended', async () => {
    await using here = await inFolder(`version: 1
policies:
  - name: leavers
    kind: banned-users
    users: [alice, { pattern: bob, until: "2020-01-01T00:00:00Z" }, { pattern: carol, until: "2999-01-01T00:00:00Z" }]
`)
    const { stdout, stderr } = await here.run(VALIDATE)
    expect(stdout).toBe('no errors, 1 warning\n')
    expect(stderr).toMatch(/^policies\.yaml:5:43: warning: policy "leavers": /)
  })

  it('refuses an unknown output format', async () => {
    await using here = await inFolder(GOOD)
    expect(await here.run([...VALIDATE, '--output', 'yaml'])).toMatchObject({ code: 64 })
  })
})
