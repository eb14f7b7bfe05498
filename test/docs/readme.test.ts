import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { HOUR } from '../../src/domain/time/instant.ts'
import { CLEAN_ENV } from '../cli/curfew.ts'
import { OFFICE, startOffice, terminateCalls } from '../cli/office.ts'
import { blocks } from './pages.ts'
import { PastedShell } from './pasted-shell.ts'

/** The commands of the page that this test does not run as they are written. */
const REPLACED = [
  // An installation needs the registry. The clone has the packages of this checkout instead.
  { written: 'npm ci', run: 'test -d node_modules' },
  // The shortest demo that ends somebody.
  { written: '--for 30s', run: '--for 3s' },
] as const

const asRun = (commands: string) =>
  REPLACED.reduce((text, { written, run }) => text.replaceAll(written, run), commands.trimEnd())

const inReadme = (language: string) =>
  blocks.filter((block) => block.page === 'README.md' && block.language === language).map(({ text }) => text)

/** What a clone of the next commit would have, with the installed packages. */
const freshClone = async (folder: string): Promise<string> => {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    encoding: 'utf8',
  })
  const clone = join(folder, 'curfew')
  for (const name of listed.split('\0').filter((path) => path !== '' && existsSync(path)))
    await cp(name, join(clone, name))
  await symlink(resolve('node_modules'), join(clone, 'node_modules'))
  return clone
}

const home = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'curfew-readme-'))
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) }
}

const logOf = (output: string) =>
  output
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)

describe('the commands of README.md', () => {
  const commands = inReadme('sh')

  it('are these steps', () => {
    expect(commands.map((text) => text.trim().split('\n').at(-1)?.split(' ').slice(0, 2).join(' '))).toEqual([
      'npm ci',
      'export PATH="$PWD/bin:$PATH"',
      'curfew init',
      'curfew test',
      'curfew doctor',
      'curfew plan',
      'curfew backtest',
      'curfew run',
    ])
    for (const { written } of REPLACED) expect(commands.join('')).toContain(written)
  })

  it.each(['bash', 'zsh'])('work when they are pasted into %s, one block after the other', async (shell) => {
    await using office = await startOffice({
      endpoints: [
        { id: OFFICE, name: 'office', region: 'eu-central-1', authentication: 'federated', logGroup: '/aws/clientvpn' },
      ],
    })
    const connect = (username: string, ageMs: number) => office.world.connect({ endpointId: OFFICE, username, ageMs })
    connect('alice@corp.example', HOUR)
    const overdue = connect('bob@corp.example', 12 * HOUR)
    await using user = await home()
    const cwd = await freshClone(user.folder)
    const npm = { npm_config_update_notifier: 'false' }
    const logs = { AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: office.url }
    const env = { ...CLEAN_ENV, ...office.env, ...logs, ...npm, PATH: process.env.PATH ?? '', HOME: user.folder }
    await using terminal = new PastedShell(shell, { cwd, env })
    const [demo = '', build = '', configure = '', check = '', doctor = '', plan = '', backtest = '', run = ''] =
      commands.map(asRun)

    const demoed = await terminal.paste(demo)
    expect(demoed.code).toBe(0)
    expect(demoed.output).toMatch(/ ended +mallory +leavers: banned/)

    expect(await terminal.paste(build)).toMatchObject({ code: 0 })

    const configured = await terminal.paste(configure)
    expect(configured).toMatchObject({ code: 0, output: expect.stringContaining('Written:') as string })
    const config = join(user.folder, 'vpn/config')
    const shown = inReadme('yaml').find((text) => text.includes('daily-reauthentication'))
    expect(await readFile(join(config, 'policies/daily-reauthentication.yaml'), 'utf8')).toBe(shown)

    // Something else may use the usual port of the daemon on this machine.
    const file = join(config, 'curfew.yaml')
    const written = await readFile(file, 'utf8')
    await writeFile(file, `${written}server: { port: 0 }\n`)
    const checked = await terminal.paste(check)
    expect(checked).toEqual({ code: 0, output: 'no errors\n2 passed, 0 failed\n' })

    const examined = await terminal.paste(doctor)
    expect(examined).toMatchObject({ code: 0, output: expect.stringContaining('permissions') as string })

    const planned = await terminal.paste(plan)
    expect(planned.code).toBe(0)
    expect(planned.output).toMatch(/bob@corp\.example.*\n?.*daily-reauthentication/)

    const replayed = await terminal.paste(backtest)
    expect(replayed.code).toBe(0)
    expect(replayed.output).toMatch(/would have ended 1 of 2 sessions/)

    terminal.start(run)
    const logged = async (event: string, mode: string) =>
      terminal.until((output) => logOf(output).find((line) => line.event === event && line.mode === mode))
    expect(await logged('violation', 'audit')).toMatchObject({ username: 'bob@corp.example' })
    expect(terminateCalls(office)).toEqual([])

    expect(written).toMatch(/^mode: audit /m)
    await writeFile(file, `${written.replace('mode: audit', 'mode: enforce')}server: { port: 0 }\n`)
    await logged('reloaded', 'enforce')
    await terminal.until((output) =>
      logOf(output).find((line) => line.outcome === 'confirmed' && line.connectionId === overdue),
    )
    expect(terminateCalls(office).map(({ params }) => params.ConnectionId)).toEqual([overdue])
    await terminal.interrupt()
  })
})
