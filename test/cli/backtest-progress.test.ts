import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CLEAN_ENV, MAIN, workspace } from './curfew.ts'
import { loggedWeek } from './logged-week.ts'

const POLICIES = 'version: 1\npolicies: [{ name: daily, kind: max-session-age, maxAge: 10h }]\n'

let here: Awaited<ReturnType<typeof workspace>>
beforeAll(async () => {
  here = await workspace({ 'log.jsonl': loggedWeek(), 'policies.yaml': POLICIES })
})
afterAll(() => here[Symbol.asyncDispose]())

const ARGS = ['backtest', '--policies', 'policies.yaml', '--cuts', 'cuts.jsonl']

describe('a long backtest', () => {
  it('shows on a terminal how far it is, and nothing of it elsewhere', async () => {
    const command = [process.execPath, MAIN, ...ARGS, 'log.jsonl'].map((word) => `"${word}"`).join(' ')
    const options = { cwd: here.folder, env: { ...CLEAN_ENV, TERM: 'xterm', SHELL: '/bin/sh' } }
    const { stdout } = await promisify(execFile)('/usr/bin/script', ['-qec', command, '/dev/null'], options)
    expect(stdout).toMatch(/Reading .*Replaying /s)
    // The cursor is shown again.
    expect(stdout.lastIndexOf('\u001b[?25h')).toBeGreaterThan(stdout.lastIndexOf('\u001b[?25l'))
    const piped = await here.run([...ARGS, 'log.jsonl'])
    expect(piped.stderr).toBe('')
  })

  it('ends by the signal that stops it, and leaves no file behind', async () => {
    const before = await readdir(here.folder)
    const child = spawn(process.execPath, [MAIN, ...ARGS, '-'], {
      cwd: here.folder,
      env: CLEAN_ENV,
      stdio: ['pipe', 'ignore', 'inherit'],
    })
    const closed = once(child, 'close')
    // A pipe takes this much only while it is read.
    const whole = loggedWeek()
    const mebibyte = whole.repeat(Math.ceil((1 << 20) / whole.length))
    if (!child.stdin.write(mebibyte)) await once(child.stdin, 'drain')
    child.kill('SIGINT')
    expect(await closed).toEqual([null, 'SIGINT'])
    expect(await readdir(here.folder)).toEqual(before)
  })
})
