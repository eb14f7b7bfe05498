import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { HOUR } from '../../src/domain/time/instant.ts'
import { startCompany } from './company.ts'
import { CLEAN_ENV, MAIN } from './curfew.ts'
import { OFFICE } from './office.ts'

const COLOURS = /\u001b\[\d+m/g

type Company = Awaited<ReturnType<typeof startCompany>>

/** Runs a command in a pseudo-terminal of this width, and returns what it shows. */
const inTerminal = async ({ here, env }: Company, columns: number, command: string, more: object = {}) => {
  const { stdout } = await promisify(execFile)(
    '/usr/bin/script',
    ['-qc', `stty cols ${columns}; exec "${process.execPath}" "${MAIN}" ${command} -c curfew.yaml`, '/dev/null'],
    { cwd: here.folder, env: { ...CLEAN_ENV, ...env, NO_COLOR: '', TERM: 'xterm', SHELL: '/bin/sh', ...more } },
  )
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
})
