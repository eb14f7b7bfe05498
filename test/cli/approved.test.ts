import { describe, expect, it } from 'vitest'
import { workspace } from './curfew.ts'
import { AGE_POLICY, curfewYaml, OFFICE, startOffice } from './office.ts'

const SETTINGS = 'mode: enforce\npoll: { minGap: 1s }\napproved: { file: ./approved.txt }'
const HASH_OF = ['validate', '--hash', '-c', 'curfew.yaml']
const BAN = (username: string) => `
version: 1
policies:
  - { name: leavers, kind: banned-users, users: [${username}], guard: off }
`

describe('curfew validate --hash', () => {
  it('prints the hash that the daemon shows, and nothing else', async () => {
    await using office = await startOffice()
    await using here = await workspace({ 'curfew.yaml': curfewYaml(), 'policies.yaml': AGE_POLICY })
    const { code, stdout, stderr } = await here.run(HASH_OF)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
    expect(`${String((await running.untilLogged('started')).policySetHash)}\n`).toBe(stdout)
  })

  it('prints it for a set that is not approved yet, so that its output can be the file of approved sets', async () => {
    await using here = await workspace({ 'curfew.yaml': curfewYaml(SETTINGS), 'policies.yaml': AGE_POLICY })
    await here.write('approved.txt', '')
    expect(await here.run(['validate', '-c', 'curfew.yaml'])).toMatchObject({ code: 1 })
    const { code, stdout } = await here.run(HASH_OF)
    expect(code).toBe(0)
    await here.write('approved.txt', stdout)
    expect(await here.run(['validate', '-c', 'curfew.yaml'])).toMatchObject({ code: 0, stdout: 'no errors\n' })
  })

  it('prints the problems of a broken configuration, and no hash', async () => {
    await using here = await workspace({ 'curfew.yaml': curfewYaml(), 'policies.yaml': `${AGE_POLICY}unknown: 1\n` })
    const { code, stdout, stderr } = await here.run(HASH_OF)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^policies\.yaml:5:1: error: /)
  })

  it('is of the daemon’s file alone, and takes no option but the form of the output', async () => {
    await using here = await workspace({ 'curfew.yaml': curfewYaml(), 'policies.yaml': AGE_POLICY })
    for (const more of ['policies.yaml', '--strict'])
      expect(await here.run([...HASH_OF, more])).toMatchObject({ code: 64, stdout: '' })
  })
})

/** An office with alice and bob. The policies ban alice, and are approved. */
const startApproved = async () => {
  const office = await startOffice()
  for (const username of ['alice', 'bob']) office.world.connect({ endpointId: OFFICE, username })
  const here = await workspace({ 'curfew.yaml': curfewYaml(SETTINGS), 'policies.yaml': BAN('alice') })
  const approve = async () => here.write('approved.txt', `${(await here.run(HASH_OF)).stdout}# checked by carol\n`)
  return {
    office,
    here,
    approve,
    run: () => here.start(['run', '-c', 'curfew.yaml'], office.env),
    async [Symbol.asyncDispose]() {
      await office[Symbol.asyncDispose]()
      await here[Symbol.asyncDispose]()
    },
  }
}

describe.concurrent('a daemon with approved policy sets', () => {
  it('does not start with a set that is not approved, and says which hash it has', async () => {
    await using approved = await startApproved()
    await approved.approve()
    await approved.here.write('policies.yaml', BAN('bob'))
    const { stdout: hash } = await approved.here.run(HASH_OF)
    await using running = approved.run()
    expect(await running.exited).toBe(1)
    expect(running.stderr).toContain(`the policy set ${hash.trim()} is not approved`)
    expect(approved.office.requests).toEqual([])
  })

  it('keeps the old set until the edit is approved, and shows the refusal', async () => {
    await using approved = await startApproved()
    await approved.approve()
    await using running = approved.run()
    await running.untilLogged('termination', ({ username }) => username === 'alice')
    const { url } = await running.untilLogged('listening')
    await approved.here.write('policies.yaml', BAN('bob'))
    const { problems } = await running.untilLogged('reload-refused')
    const { stdout: hash } = await approved.here.run(HASH_OF)
    expect(String(problems)).toContain(hash.trim())
    const status = (await (await fetch(`${String(url)}/status`)).json()) as object
    expect(status).toMatchObject({ lastReload: { outcome: 'refused', problems: 1 } })
    expect(status).not.toMatchObject({ policySetHash: hash.trim() })
    expect(running.log().filter(({ username }) => username === 'bob')).toEqual([])

    await approved.approve()
    await running.untilLogged('termination', ({ username }) => username === 'bob')
    expect(await (await fetch(`${String(url)}/status`)).json()).toMatchObject({ policySetHash: hash.trim() })
  })

  it('obeys mode: audit beside a set that is not approved', async () => {
    await using approved = await startApproved()
    await approved.approve()
    await using running = approved.run()
    await running.untilLogged('termination', ({ username }) => username === 'alice')
    await approved.here.write('policies.yaml', BAN('bob'))
    await running.untilLogged('reload-refused')
    await approved.here.write('curfew.yaml', curfewYaml(SETTINGS.replace('enforce', 'audit')))
    expect(await running.untilLogged('mode-obeyed')).toMatchObject({ mode: 'audit' })
  })
})
