import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const script = readFileSync('scripts/install-test-servers.sh', 'utf8')

/** Package, command and what to look for elsewhere. */
const rows = [...script.matchAll(/^([\w-]+) +(\/usr\/s?bin\/\S+) +(\S.*)$/gm)].map(([, ...row]) => row)

/** Without a PATH there is no apt-get either. */
const onAnotherSystem = (text: string) =>
  spawnSync('/bin/bash', ['--norc', '-c', text], { encoding: 'utf8', env: { PATH: '' } })

const withCommandsAt = (place: (command: string) => string) =>
  rows.reduce((text, [, command = '']) => text.replace(` ${command} `, ` ${place(command)} `), script)

describe('the programs that the integration tests need', () => {
  it('are named, each once, where they are missing and there is no apt', () => {
    const { status, stderr } = onAnotherSystem(withCommandsAt((command) => `/nowhere${command}`))
    const named = [...stderr.matchAll(/^ {2}\/nowhere(\S+) \((.+)\)$/gm)].map(([, ...row]) => row)
    expect(named.length).toBeGreaterThan(5)
    expect(named).toEqual(rows.map(([, command, elsewhere]) => [command, elsewhere]))
    expect(status).toBe(1)
  })

  it('are not spoken of where they are there', () => {
    const { status, stdout, stderr } = onAnotherSystem(withCommandsAt(() => '/bin/bash'))
    expect(stdout + stderr).toBe('')
    expect(status).toBe(0)
  })

  it('are explained among the dependencies', () => {
    const [, explained = ''] = /^(From Debian[\s\S]*?)\n\n/m.exec(readFileSync('docs/dependencies.md', 'utf8')) ?? []
    const packages = new Set(rows.map(([name = '']) => name))
    expect([...packages].filter((name) => !explained.includes(`\`${name}\``))).toEqual([])
  })
})
