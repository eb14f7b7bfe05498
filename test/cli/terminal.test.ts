import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { HOUR } from '../../src/domain/time/instant.ts'
import { startCompany } from './company.ts'
import { CLEAN_ENV, MAIN } from './curfew.ts'
import { OFFICE } from './office.ts'

const COLOURS = /\u001b\[\d+m/g

type Company = Awaited<ReturnType<typeof startCompany>>

/** The program, arguments and environment that run a command in a pseudo-terminal of this size. */
const terminal = ({ here, env }: Company, size: string, command: string, more: object = {}) =>
  [
    '/usr/bin/script',
    ['-qec', `stty ${size}; exec "${process.execPath}" "${MAIN}" ${command} -c curfew.yaml`, '/dev/null'],
    { cwd: here.folder, env: { ...CLEAN_ENV, ...env, NO_COLOR: '', TERM: 'xterm', SHELL: '/bin/sh', ...more } },
  ] as const

/** What a command shows in a terminal, whatever its exit code is. */
const inTerminal = async (company: Company, columns: number, command: string, more: object = {}) => {
  const [program, args, options] = terminal(company, `cols ${columns}`, command, more)
  const { stdout } = await promisify(execFile)(program, args, options).catch((error: { stdout: string }) => error)
  return stdout.replaceAll('\r\n', '\n')
}

describe('a terminal', () => {
  it.each([80, 140])('of %d columns shows the lines of a file of this width, with colours', async (columns) => {
    await using company = await startCompany({ isBlind: true })
    const { here, env, connect } = company
    connect(OFFICE, '\u001b[31mred\u001b[0m', HOUR)
    for (const command of ['connections', 'plan']) {
      const shown = await inTerminal(company, columns, command)
      const plain = await here.run([command, '-c', 'curfew.yaml'], { ...env, COLUMNS: String(columns) })
      expect(plain.stdout).not.toContain('\u001b')
      // Standard error is the same terminal.
      expect(shown.replaceAll(COLOURS, '')).toBe(plain.stdout + plain.stderr)
      expect(shown).toContain('\u001b[31mpartners (')
      expect(shown).not.toContain('\u001b[31mred')
      expect(plain.stdout.split('\n').filter((line) => line.length > columns)).toEqual([])
    }
  })

  it('has no colours if NO_COLOR or TERM=dumb says so, and a file has them if it is asked to', async () => {
    await using company = await startCompany()
    const { here, env } = company
    for (const more of [
      { NO_COLOR: '1' },
      { NO_COLOR: '1', FORCE_COLOR: '1' },
      { TERM: 'dumb' },
      { FORCE_COLOR: '0' },
    ]) {
      expect(await inTerminal(company, 100, 'plan', more)).not.toContain('\u001b')
    }
    for (const more of [{ FORCE_COLOR: '1' }, { CLICOLOR_FORCE: '1' }]) {
      const { stdout } = await here.run(['plan', '-c', 'curfew.yaml'], { ...env, NO_COLOR: '', ...more })
      expect(stdout).toMatch(/^\u001b\[1moffice /)
    }
  })

  it('and its variables mean the same to the log of the daemon', async () => {
    await using company = await startCompany({ isBlind: true })
    const { here, env } = company
    const log = { LOG_FORMAT: 'pretty' }
    const run = 'run --once'
    const shown = await inTerminal(company, 80, run, log)
    expect(shown).toMatch(/^\d\d:\d\d:\d\dZ {2}\u001b\[31merror\u001b\[0m {2}/m)
    const lines = shown.replaceAll(COLOURS, '').split('\n')
    // Only a word that is longer than the line makes a longer one.
    expect(lines.filter((line) => line.length > 80 && line.trim().slice(20).includes(' '))).toEqual([])
    expect(lines.some((line) => /^ {18}\S/.test(line))).toBe(true)
    expect(await inTerminal(company, 80, run, { ...log, NO_COLOR: '1' })).not.toContain('\u001b')
    for (const more of [{ FORCE_COLOR: '1' }, { CLICOLOR_FORCE: '1' }]) {
      const args = [...run.split(' '), '-c', 'curfew.yaml']
      const { stdout } = await here.run(args, { ...env, ...log, NO_COLOR: '', ...more })
      expect(stdout).toContain('\u001b[31merror')
      expect(stdout).not.toMatch(/^ /m)
    }
  })

  it('shows the newest reading of a watch in place of the one before, cut to its lines, until Ctrl-C', async () => {
    await using company = await startCompany()
    const [program, args, options] = terminal(company, 'rows 8 cols 80', 'connections --watch --interval 5s')
    const child = spawn(program, args, options)
    const exited = once(child, 'exit')
    let shown = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text))
    const drawings = () => shown.split('\u001b[H').slice(1)
    while (drawings().length < 2 || !shown.endsWith('\u001b[J')) await once(child.stdout, 'data')
    child.stdin.write('\u0003')
    const [code] = (await exited) as [number | null]
    expect(code).toBe(0)
    const [first = '', second = ''] = drawings()
    for (const drawing of [first, second]) {
      const lines = drawing
        .replaceAll(/\u001b\[(?:\d+m|K|J)/g, '')
        .replace('^C', '')
        .trimEnd()
        .split(/\r?\n/)
      expect(lines.length).toBeLessThan(8)
      expect(lines[0]).toMatch(/^2026-11-23T12:00:00Z, Ctrl-C ends$/)
      expect(lines[2]).toMatch(/^3 endpoints read: /)
      expect(lines.at(-1)).toMatch(/^… \d+ more lines: /)
    }
  })
})
