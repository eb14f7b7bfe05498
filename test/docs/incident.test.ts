import { chmod, readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { HOUR } from '../../src/domain/time/instant.ts'
import { CLEAN_ENV, workspace } from '../cli/curfew.ts'
import { curfewYaml, OFFICE, startOffice, terminatedIds } from '../cli/office.ts'
import { blocks } from './pages.ts'
import { PastedShell } from './pasted-shell.ts'

const PAGE = 'docs/incident.md'
const MALLORY = 'mallory@corp.example'

const commands = blocks
  .filter(({ page, language }) => page === PAGE && ['sh', 'bash'].includes(language))
  .map(({ text }) => text.trimEnd())

const [ban = ''] = blocks.filter(({ page, language }) => page === PAGE && language === 'yaml').map(({ text }) => text)

const POLICY = 'version: 1\npolicies: [{ name: daily, kind: max-session-age, maxAge: 10h }]\n'

const TEST = `version: 1
policies: [./daily.yaml]
cases: [{ name: a day, at: 2026-11-23T18:00:00Z, connection: { established: 2026-11-23T08:00:00Z }, expect: terminate }]
`

const shellIn = (cwd: string, env: Readonly<Record<string, string>>) => {
  const path = `${resolve('bin')}:/usr/bin:${process.env.PATH ?? ''}`
  return new PastedShell('bash', { cwd, env: { ...CLEAN_ENV, ...env, HOME: cwd, AWS_PAGER: '', PATH: path } })
}

describe('the page for an incident', () => {
  const [
    look,
    check,
    happened,
    undo,
    undone,
    byPolicy,
    stop,
    isStopped,
    stopped,
    held,
    afterwards,
    find,
    end,
    ...more
  ] = commands

  it('bans, undoes the ban and stops with its commands', async () => {
    expect(more).toEqual([])
    await using office = await startOffice()
    const connect = () => office.world.connect({ endpointId: OFFICE, username: MALLORY, ageMs: HOUR })
    const banned = connect()
    await using here = await workspace({
      'config/curfew.yaml': curfewYaml('"mode" : \'enforce\'\npoll: { schedule: "* * * * * *", minGap: 1s }\n').replace(
        './policies.yaml',
        './policies',
      ),
      'config/policies/daily.yaml': POLICY,
      'config/policies/daily.test.yaml': TEST,
    })
    await using daemon = here.start(['run'], office.env)
    await daemon.untilLogged('started')
    await using terminal = shellIn(here.folder, office.env)
    const paste = async (block: string | undefined) => {
      const { output, code } = await terminal.paste(block ?? '')
      expect({ block, output, code }).toMatchObject({ code: 0 })
      return output
    }
    expect(await paste(look)).toMatch(new RegExp(`${MALLORY}[^]*Stays up until`))

    await here.write('config/policies/urgent-ban.yaml', ban)
    await daemon.untilLogged('termination', (line) => line.connectionId === banned && line.outcome === 'confirmed')
    expect(await paste(check)).toMatch(/^no errors\n[^]*urgent-ban[^]*banned[^]*lost laptop/)
    expect(await paste(happened)).toMatch(new RegExp(`list-changed: .* added ${MALLORY}[^]*\\S+ +${MALLORY}: ended\n`))

    expect(await paste(undo)).toBe('')
    await daemon.until(() => (daemon.log().filter(({ event }) => event === 'reloaded').length > 1 ? true : undefined))
    connect()
    expect(await paste(undone)).toMatch(/^no errors\n(?![^]*urgent-ban)/)
    expect(await paste(byPolicy)).toContain(`${MALLORY}: ended\n`)

    const file = resolve(here.folder, 'config/curfew.yaml')
    await chmod(file, 0o640)
    const access = async () => (({ ino, mode, uid, gid }) => ({ ino, mode, uid, gid }))(await stat(file))
    const before = await access()
    const { url } = await daemon.untilLogged('listening')
    const enforcing = () => paste((isStopped ?? '').replace('http://127.0.0.1:9464', String(url)))
    expect(await enforcing()).toBe('curfew_enforcing 1\n')
    expect(await paste(`umask 077\n${stop}`)).toBe('')
    await daemon.untilLogged('mode-obeyed')
    expect(await enforcing()).toBe('curfew_enforcing 0\n')
    expect(await access()).toEqual(before)
    const written = await readFile(file, 'utf8')
    await here.write('config/curfew.yaml', written.replace(/^"mode".*\n/m, ''))
    for (const block of [stopped, held]) await paste(block)
    expect(await paste(afterwards)).toMatch(/1 passed, 0 failed\n$/)
    expect(terminatedIds(office)).toEqual([banned])
  })

  it('ends a session with the AWS CLI', async () => {
    await using office = await startOffice()
    const [first, other] = [MALLORY, 'alice@corp.example'].map((username) =>
      office.world.connect({ endpointId: OFFICE, username, ageMs: HOUR }),
    )
    await using here = await workspace({})
    await using terminal = shellIn(here.folder, office.env)
    // Debian's version does not read the variables for the URLs of services. The id is that of the example.
    const paste = (block = '') =>
      terminal.paste(
        block
          .replace('aws ec2 ', `aws ec2 --endpoint-url ${office.url} `)
          .replace(/cvpn-connection-[0-9a-f]+/, first ?? ''),
      )
    const found = await paste(find)
    expect(found).toMatchObject({ code: 0, output: expect.stringContaining(`${first}\t`) as string })
    expect(found.output).not.toContain(other)
    expect((await paste(end)).code).toBe(0)
    expect(await paste(find)).toEqual({ code: 0, output: '' })
    expect(terminatedIds(office)).toEqual([first])
  })
})
