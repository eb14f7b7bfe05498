import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { openAuditTrail } from '../../src/adapters/audit/audit-trail.ts'
import { workspace } from './curfew.ts'
import { AGE_POLICY, curfewYaml } from './office.ts'

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
      new RegExp(
        `^${changed}:2: error: expected prev [0-9a-f]{64}, .*${changed}:1, found prev [0-9a-f]{64} \\(.*\\)\n$`,
      ),
    )
    const seq = Number((JSON.parse(text.slice(0, text.indexOf('\n'))) as { seq: number }).seq)
    expect(stderr).toContain(`(line ${seq}, or the link to it in line ${seq + 1}, was changed)`)
    expect(stdout).toMatch(new RegExp(`^${seq} records before`))
    // The hash of the changed line must not be kept as an anchor.
    expect(stdout).not.toContain('head')
    const json = await at.run(['audit', 'verify', '--output', 'json', ...names])
    expect(JSON.parse(json.stdout)).toMatchObject({ whole: false, head: null })
  })

  it('prints nothing that a forged line may have as a line of its own', async () => {
    const line = { seq: 1, time: '2026-12-01\nhead  9 beef', event: 'x', prev: '0'.repeat(64) }
    await using at = await workspace({ 'audit.jsonl': `${JSON.stringify(line)}\n` })
    const { stdout } = await at.run(['audit', 'verify', 'audit.jsonl'])
    expect(stdout.split('\n')).toHaveLength(5)
    expect(stdout).toContain('first 2026-12-01\\nhead  9 beef\n')
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

  it('accepts an empty file, and says that it proves nothing', async () => {
    await using at = await workspace({ 'audit.jsonl': '' })
    const { code, stdout } = await at.run(['audit', 'verify', 'audit.jsonl'])
    expect(stdout).toContain('0 records: an empty trail proves nothing\n')
    expect(stdout).toContain(`head  0 ${'0'.repeat(64)}`)
    expect(code).toBe(0)
  })

  it('fails on a file that it cannot read, without a stack trace', async () => {
    await using at = await workspace({ 'audit.jsonl.lock': '' })
    mkdirSync(join(at.folder, 'folder'))
    for (const [file, why] of [
      ['nothing.jsonl', 'nothing.jsonl: it does not exist'],
      ['folder', 'it is a folder'],
      ['audit.jsonl.lock', ''],
    ] as const) {
      const { code, stderr } = await at.run(['audit', 'verify', file])
      expect(code).toBe(1)
      expect(stderr).toMatch(/^curfew: [^\n]+\n$/)
      expect(stderr).toContain(why)
    }
  })

  it('without files checks the trail of the daemon’s file, with its rotated and compressed parts', async () => {
    await using at = await workspace({ 'curfew.yaml': curfewYaml(), 'policies.yaml': AGE_POLICY })
    const { rotated, head } = await trailOf(at.folder)
    for (const name of rotated.slice(1, 3)) {
      const path = join(at.folder, name)
      writeFileSync(`${path}.gz`, gzipSync(readFileSync(path)))
      if (name === rotated[1]) rmSync(path)
    }
    const other = join(at.folder, rotated[0] ?? '')
    renameSync(other, join(at.folder, 'data/audit.jsonl-20261201'))
    const { code, stdout, stderr } = await at.run(['audit', 'verify', '-c', 'curfew.yaml'])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^40 records, the chain is whole\n/)
    expect(stdout).toContain(`head  40 ${head.hash}`)
  })

  it('proves the trail against heads that were kept elsewhere, and what retention has left', async () => {
    await using at = await workspace({})
    const { names, rotated, head } = await trailOf(at.folder)
    const anchor = `${head.seq}:${head.hash.toUpperCase()}`
    const whole = await at.run(['audit', 'verify', ...names, '--anchor', anchor])
    expect([whole.code, whole.stderr]).toEqual([0, ''])
    expect(whole.stdout).toContain(
      'anchor 40 holds: the lines up to it are those of its time, and 0 records followed\n',
    )

    const text = readFileSync(join(at.folder, rotated[1] ?? ''), 'utf8')
    const first = JSON.parse(text.slice(0, text.indexOf('\n'))) as { seq: number; prev: string }
    const left = names.filter((name) => name !== rotated[0])
    const unproven = await at.run(['audit', 'verify', '--from', `${first.seq}`, ...left])
    expect([unproven.code, unproven.stderr]).toEqual([0, ''])
    expect(unproven.stdout).toContain(`after ${first.seq - 1} ${first.prev} (not proven`)
    const before = `${first.seq - 1}:${first.prev}`
    const proven = await at.run(['audit', 'verify', '--from', `${first.seq}`, '--anchor', before, ...left])
    expect(proven.stdout).toContain(`after ${first.seq - 1} ${first.prev}\n`)
    expect(proven.code).toBe(0)

    const ended = names.filter((name) => name !== 'data/audit.jsonl')
    const short = await at.run(['audit', 'verify', ...ended, '--anchor', anchor])
    expect(short.code).toBe(1)
    expect(short.stderr).toMatch(/^\S+:\d+: error: expected line 40, which the anchor has, found the end of the trail/)
    expect(short.stdout).not.toContain('holds')
  })

  it('exits with 64 on wrong usage', async () => {
    await using at = await workspace({})
    for (const args of [[], ['check', 'a'], ['verify', 'a', '--deep']]) {
      expect((await at.run(['audit', ...args])).code).toBe(64)
    }
  })
})
