import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { now } from '../../src/cli/compose-audit.ts'
import { history } from '../../src/cli/history.ts'
import { historyText } from '../../src/domain/recording/history-line.ts'
import { connection } from '../domain/build.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

/** The largest endpoint has so many. As arguments of one call they overflow the stack, and as pairs they never end. */
const SESSIONS = 130_000

it('the history of the largest endpoint is a table', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'curfew-history-'))
  const time = now()
  const lines = Array.from({ length: SESSIONS }, () =>
    historyText({ event: 'first-seen', time, connection: connection({ establishedAt: time }) }),
  )
  await writeFile(join(folder, 'history.jsonl'), `${lines.join('\n')}\n`)
  let text = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((part) => {
    text += String(part)
    return true
  })
  try {
    const code = await history.run({
      values: { since: '7d', output: 'table', config: 'curfew.yaml' },
      positionals: [join(folder, 'history.jsonl')],
    })
    expect(code).toBe(0)
  } finally {
    await rm(folder, { recursive: true })
  }
  expect(text.split('\n').filter((line) => line.includes('cvpn-connection-'))).toHaveLength(SESSIONS)
  expect(text.slice(-200)).toContain('130,000 sessions')
})
