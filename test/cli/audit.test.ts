import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openAuditTrail } from '../../src/adapters/audit/audit-trail.ts'
import { workspace } from './curfew.ts'

/** A chain of forty records in several files, next to a lock file and a torn end. */
const trailOf = async (folder: string) => {
  const file = join(folder, 'data', 'audit.jsonl')
  const trail = await openAuditTrail({ file, rotateAtBytes: 2000 })
  for (let index = 0; index < 40; index++) {
    await trail.write([
      {
        time: Date.UTC(2026, 11, 1) + index * 1000,
        event: 'intent',
        policySetHash: 'hash',
        endpointId: 'endpoint',
        account: undefined,
        region: 'eu-central-1',
        connectionId: `c${index}`,
        username: 'alice',
        commonName: undefined,
        policy: 'daily',
        reason: 'session-age',
        because: 'too old',
        alsoBy: [],
        since: undefined,
        deadline: undefined,
        call: { id: `x-${index}`, selector: 'connection-id' },
      },
    ])
  }
  const head = trail.head()
  await trail.close()
  writeFileSync(`${file}.lock`, 'somebody')
  writeFileSync(`${file}.torn-7`, '{"seq":7')
  const names = readdirSync(join(folder, 'data')).map((name) => `data/${name}`)
  expect(names.length).toBeGreaterThan(4)
  return { head, names, rotated: names.filter((name) => /\d-\d/.test(name)) }
}

describe('curfew audit verify', () => {
  it('verifies a chain over all its files, and prints its first and last time and its head', async () => {
    await using at = await workspace({})
    const { head, names } = await trailOf(at.folder)
    const { code, stdout, stderr } = await at.run(['audit', 'verify', ...names.reverse()])
    expect(stderr).toBe('')
    expect(stdout.split('\n').slice(1)).toEqual([
      'first 2026-12-01T00:00:00.000Z',
      'last  2026-12-01T00:00:39.000Z',
      `head  ${head.seq} ${head.hash}`,
      '',
    ])
    expect(stdout).toMatch(/^40 records, /)
    expect(code).toBe(0)
  })

  it('reports the first fault with file and line, what was expected and what was found', async () => {
    await using at = await workspace({})
    const { names, rotated } = await trailOf(at.folder)
    const changed = rotated[1] ?? ''
    const text = readFileSync(join(at.folder, changed), 'utf8')
    await at.write(changed, text.replace('"username":"alice"', '"username":"malle"'))
    const { code, stdout, stderr } = await at.run(['audit', 'verify', ...names])
    expect(code).toBe(1)
    expect(stderr).toMatch(
      new RegExp(`^${changed}:2: error: expected prev [0-9a-f]{64}, .*${changed}:1, found prev [0-9a-f]{64}\n$`),
    )
    const seq = Number((JSON.parse(text.slice(0, text.indexOf('\n'))) as { seq: number }).seq)
    expect(stdout).toMatch(new RegExp(`^${seq} records before`))
  })

  it('reports a gap if a file of the chain is not given', async () => {
    await using at = await workspace({})
    const { names, rotated } = await trailOf(at.folder)
    const { code, stderr } = await at.run(['audit', 'verify', ...names.filter((name) => name !== rotated[0])])
    expect(code).toBe(1)
    expect(stderr).toContain(`${rotated[1]}:1: error: expected seq 1,`)
  })

  it('reads a file once if it is named twice or through a link', async () => {
    await using at = await workspace({})
    const { names } = await trailOf(at.folder)
    symlinkSync(join(at.folder, 'data', 'audit.jsonl'), join(at.folder, 'link'))
    expect((await at.run(['audit', 'verify', 'link', ...names, ...names])).code).toBe(0)
  })

  it('accepts an empty file', async () => {
    await using at = await workspace({ 'audit.jsonl': '' })
    const { code, stdout } = await at.run(['audit', 'verify', 'audit.jsonl'])
    expect(stdout).toContain(`head  0 ${'0'.repeat(64)}`)
    expect(code).toBe(0)
  })

  it('fails on a file that it cannot read, without a stack trace', async () => {
    await using at = await workspace({ 'audit.jsonl.lock': '' })
    mkdirSync(join(at.folder, 'folder'))
    for (const args of [['nothing.jsonl'], ['folder'], ['audit.jsonl.lock']]) {
      const { code, stderr } = await at.run(['audit', 'verify', ...args])
      expect(code).toBe(1)
      expect(stderr).toMatch(/^curfew: [^\n]+\n$/)
    }
  })

  it('exits with 64 on wrong usage', async () => {
    await using at = await workspace({})
    for (const args of [[], ['verify'], ['check', 'a'], ['verify', 'a', '--deep']]) {
      expect((await at.run(['audit', ...args])).code).toBe(64)
    }
  })
})
