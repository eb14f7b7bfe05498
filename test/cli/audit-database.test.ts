import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AuditRecord } from '../../src/app/audit.ts'
import { MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { openDatabase } from '../adapters/postgres/database.ts'
import { writeChain } from '../adapters/postgres/guarded-chain.ts'
import { type Cluster, startCluster } from '../engine/cluster.ts'
import { workspace } from './curfew.ts'
import { runInFolder } from './in-process.ts'
import { AGE_POLICY, curfewYaml } from './office.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster.stop())

const ENGINE = 'engine: { kind: postgres, url: { env: CURFEW_DATABASE_URL }, tls: off }\n'

const BEGAN = Date.UTC(2026, 11, 1, 9)

/** The records of one termination: its intent and its outcome. */
const termination = (username: string, index: number, region: string): readonly AuditRecord[] => {
  const time = BEGAN + index * MINUTE
  const about = {
    policySetHash: 'hash',
    endpointId: `endpoint-${region}`,
    account: '111122223333',
    region,
    connectionId: `${username}-${index}`,
    username,
    commonName: undefined,
    policy: 'daily',
    reason: 'session-age',
    because: 'too old',
    alsoBy: [],
    since: undefined,
    deadline: undefined,
    call: { id: `x-${index}`, selector: 'connection-id' as const },
  }
  return [
    { ...about, time, event: 'intent' },
    { ...about, time: time + 2 * SECOND, event: 'outcome', requestId: `request-${index}`, outcome: 'confirmed' },
  ]
}

const [GERMANY, VIRGINIA] = ['eu-central-1 111122223333', 'us-east-1 111122223333']

/** A database with the chains of two units, and a folder whose configuration names it. */
const openTrail = async (name: string) => {
  const database = await openDatabase(cluster, name)
  const people = ['alice', 'bob', 'carol', 'dave', 'erin']
  const germany = await writeChain(
    database.daemon,
    GERMANY,
    people.flatMap((user, index) => termination(user, index, 'eu-central-1')),
  )
  const virginia = await writeChain(
    database.daemon,
    VIRGINIA,
    ['alice', 'mallory'].flatMap((user, index) => termination(user, index, 'us-east-1')),
  )
  const here = await workspace({ 'curfew.yaml': curfewYaml(ENGINE), 'policies.yaml': AGE_POLICY })
  const env = { CURFEW_DATABASE_URL: database.url }
  return {
    database,
    germany,
    virginia,
    here,
    audit: (action: string, ...args: readonly string[]) =>
      runInFolder(['audit', action, '-c', 'curfew.yaml', ...args], here.folder, env),
    async [Symbol.asyncDispose]() {
      await here[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

describe('curfew audit show, with the trail in a database', () => {
  it('shows the terminations of each unit, and how much was read', async () => {
    await using at = await openTrail('shown')
    const { code, stdout, stderr } = await at.audit('show', '--user', 'alice')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(
      /^Unit eu-central-1 111122223333\n\n2026-12-01T09:00:00Z {2}alice: ended\n[^]+\n\nUnit us-east-1 111122223333\n\n2026-12-01T09:00:00Z {2}alice: ended\n/,
    )
    expect(stdout).toContain('\n\n2 terminations and 0 other events of 14 records of 2 units. To prove')
  })

  it('shows one unit as files are shown, and names it in JSON and CSV', async () => {
    await using at = await openTrail('one')
    const table = await at.audit('show', '--unit', 'us-east-1', '--user', 'mallory')
    expect(table.stdout).toMatch(/^2026-12-01T09:01:00Z {2}mallory: ended\n/)
    expect(table.stdout).toContain('1 termination and 0 other events of 4 records, lines 1 to 4, from')
    const json = await at.audit('show', '--output', 'json')
    const rows = json.stdout.trim().split('\n')
    expect(rows.map((row) => (JSON.parse(row) as { unit: string }).unit)).toEqual([
      ...Array.from({ length: 5 }, () => GERMANY),
      ...Array.from({ length: 2 }, () => VIRGINIA),
    ])
    const csv = (await at.audit('show', '--output', 'csv', '--unit', 'us-east')).stdout.trim().split('\n')
    expect(csv.map((row) => row.split(',').at(-1))).toEqual(['unit', VIRGINIA, VIRGINIA])
  })

  it('says which units there are, where none has the key', async () => {
    await using at = await openTrail('none')
    const { code, stderr } = await at.audit('show', '--unit', 'eu-west-1')
    expect(code).toBe(1)
    expect(stderr).toBe(`curfew: no unit has "eu-west-1" in its key: the database has ${GERMANY}, ${VIRGINIA}\n`)
  })
})

describe('curfew audit verify, with the trail in a database', () => {
  it('checks the chain of each unit up to the head that the database keeps', async () => {
    await using at = await openTrail('whole')
    const { code, stdout, stderr } = await at.audit('verify')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toBe(
      [
        `unit  ${GERMANY}`,
        '10 records, the chain is whole',
        'first 2026-12-01T09:00:00.000Z',
        'last  2026-12-01T09:04:02.000Z',
        `head  10 ${at.germany.head.hash}`,
        `unit  ${VIRGINIA}`,
        '4 records, the chain is whole',
        'first 2026-12-01T09:00:00.000Z',
        'last  2026-12-01T09:01:02.000Z',
        `head  4 ${at.virginia.head.hash}`,
        '',
        '2 units, all chains are whole',
        '',
      ].join('\n'),
    )
    const json = JSON.parse((await at.audit('verify', '--output', 'json')).stdout) as object
    expect(json).toMatchObject({
      whole: true,
      units: [{ unit: GERMANY, records: 10, fault: null }, { unit: VIRGINIA }],
    })
  })

  it('names the unit and the line that the owner of the database has changed', async () => {
    await using at = await openTrail('changed')
    await at.database.owner.query(
      `update curfew.record set line = replace(line, 'mallory', 'malorie') where unit = $1 and seq = 3`,
      [at.virginia.id],
    )
    const { code, stdout, stderr } = await at.audit('verify')
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^us-east-1 111122223333:4: error: expected prev \w{64}, the hash of us-east-1 111122223333:3, found prev \w{64} \(line 3, or the link to it in line 4, was changed\)\n$/,
    )
    expect(stdout).toContain('10 records, the chain is whole')
    expect(stdout).not.toContain('head  3')
    expect(stdout).toContain('\n1 of 2 units has a fault\n')
  })

  it('finds lines that were removed at the end, by the head of the database or by an anchor', async () => {
    await using at = await openTrail('removed')
    await at.database.owner.query('delete from curfew.record where unit = $1 and seq > 8', [at.germany.id])
    const { stderr } = await at.audit('verify', '--unit', 'eu-central-1')
    expect(stderr).toContain('the end of the trail after line 8: lines 9 to 10 are missing')
    // Whoever may do both leaves a chain that only an anchor from elsewhere contradicts.
    const { rows } = await at.database.owner.query<{ line: string }>(
      "select encode(sha256(convert_to(line, 'UTF8')), 'hex') as line from curfew.record where unit = $1 and seq = 8",
      [at.germany.id],
    )
    const forged = [at.germany.id, rows[0]?.line]
    await at.database.owner.query('update curfew.chain set seq = 8, hash = $2 where unit = $1', forged)
    expect((await at.audit('verify', '--unit', 'eu-central-1')).code).toBe(0)
    const { seq, hash } = at.germany.head
    const anchored = await at.audit('verify', '--unit', 'eu-central-1', '--anchor', `${seq}:${hash}`)
    expect(anchored.code).toBe(1)
    expect(anchored.stderr).toContain('expected line 10, which the anchor has')
  })

  it('needs one unit for an anchor, and no line to begin with', async () => {
    await using at = await openTrail('usage')
    const anchor = `4:${at.virginia.head.hash}`
    expect(await at.audit('verify', '--anchor', anchor)).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('--anchor: each of 2 units has a chain of its own'),
    })
    const held = await at.audit('verify', '--anchor', anchor, '--unit', 'us-east-1')
    expect(held.stdout).toContain('anchor 4 holds')
    expect(await at.audit('verify', '--from', '3')).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('--from is for files'),
    })
  })
})

describe('curfew audit export', () => {
  it('writes files whose bytes are the lines, and which are proven without the database', async () => {
    await using at = await openTrail('exported')
    const { code, stdout, stderr } = await at.audit('export', 'proof')
    expect([code, stderr]).toEqual([0, ''])
    const folder = join(at.here.folder, 'proof')
    expect(readdirSync(folder).sort()).toEqual(['eu-central-1_111122223333.jsonl', 'us-east-1_111122223333.jsonl'])
    const file = 'proof/us-east-1_111122223333.jsonl'
    expect(readFileSync(join(at.here.folder, file), 'utf8')).toBe(`${at.virginia.lines.join('\n')}\n`)
    expect(stdout).toContain(`head  4 ${at.virginia.head.hash}`)
    const elsewhere = await at.here.run(['audit', 'verify', file, '--anchor', `4:${at.virginia.head.hash}`])
    expect(elsewhere).toMatchObject({ code: 0, stderr: '' })
    expect(elsewhere.stdout).toContain('anchor 4 holds')
  })

  it('replaces no file, and says what to do', async () => {
    await using at = await openTrail('twice')
    await at.audit('export', 'proof')
    const again = await at.audit('export', 'proof')
    expect(again.code).toBe(1)
    expect(again.stderr).toMatch(/^curfew: proof\/eu-central-1_111122223333.jsonl is there already, [^\n]+\n$/)
  })

  it('writes a chain that is not whole too, and fails', async () => {
    await using at = await openTrail('damaged')
    await at.database.owner.query('delete from curfew.record where unit = $1 and seq = 2', [at.germany.id])
    const { code, stderr, stdout } = await at.audit('export', 'proof', '--output', 'json')
    expect(code).toBe(1)
    expect(stderr).toContain('proof/eu-central-1_111122223333.jsonl:2: error: expected seq 2, found seq 3')
    expect(JSON.parse(stdout)).toMatchObject({ whole: false, units: [{ whole: false, file: expect.any(String) }, {}] })
    const file = join(at.here.folder, 'proof/eu-central-1_111122223333.jsonl')
    expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(10)
  })

  it('is not for files', async () => {
    await using here = await workspace({ 'curfew.yaml': curfewYaml(), 'policies.yaml': AGE_POLICY })
    const { code, stderr } = await here.run(['audit', 'export', 'proof', '-c', 'curfew.yaml'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/^curfew: the trail is in files already: copy [^\n]+\n$/)
  })
})

describe('a database that a command cannot read', () => {
  const run = async (url: string | undefined, ...args: readonly string[]) => {
    await using here = await workspace({ 'curfew.yaml': curfewYaml(ENGINE), 'policies.yaml': AGE_POLICY })
    return await here.run([...args, '-c', 'curfew.yaml'], { CURFEW_DATABASE_URL: url })
  }
  const COMMANDS = [
    ['audit', 'show'],
    ['audit', 'policies'],
    ['audit', 'verify'],
    ['audit', 'export', 'proof'],
    ['engine', 'prune', '--before', '2025-01'],
  ]

  it.each(COMMANDS)('is told by "%s %s" in one line, without the password', async (...args) => {
    const away = await run('postgres://replica:secret-word@127.0.0.1:9/curfew', ...args.filter(Boolean))
    expect(away.code).toBe(1)
    expect(away.stderr).toMatch(/^curfew: [^\n]*127\.0\.0\.1:9[^\n]*\n$/)
    expect(away.stderr).not.toContain('secret-word')
    expect(away.stdout).toBe('')
  })

  it('has no schema yet, or the variable with its URL is not set', async () => {
    await cluster.sql('create database empty')
    const empty = await run(cluster.url('empty'), 'audit', 'verify')
    expect(empty).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^curfew: [^\n]+curfew engine migrate[^\n]+\n$/),
    })
    // The server answers: to try again would not help.
    const nobody = await run(cluster.url('empty').replace(/\/\/\w+/, '//nobody'), 'audit', 'verify')
    expect(nobody.stderr).toMatch(
      /role "nobody" does not exist; create the role as docs\/replicas\.md says, or [^\n]+\n$/,
    )
    const elsewhere = await run(cluster.url('nowhere'), 'audit', 'verify')
    expect(elsewhere.stderr).toMatch(/no database of the name[^\n]+; correct the name in the URL, or [^\n]+\n$/)
    const unset = await run(undefined, 'audit', 'verify')
    expect(unset.stderr).toMatch(/^curfew: engine\.url: the environment variable CURFEW_DATABASE_URL: not set[^\n]+\n$/)
  })
})

describe('curfew engine prune', () => {
  it('refuses months that a start needs, other words than a month, and files', async () => {
    await using at = await openTrail('needed')
    const prune = (...args: readonly string[]) =>
      at.here.run(['engine', 'prune', '-c', 'curfew.yaml', ...args], {
        CURFEW_DATABASE_URL: at.database.url,
        OWNER_URL: cluster.url('needed'),
      })
    expect(await prune('--before', '2026-13')).toMatchObject({ code: 64 })
    expect(await prune()).toMatchObject({ code: 64, stderr: expect.stringContaining('expected a month such as') })
    const later = await prune('--before', '9999-01', '--owner-url', 'OWNER_URL')
    expect(later).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^curfew: lines of the last 2 days stay: [^\n]+\n$/),
    })
    await at.here.write('files.yaml', curfewYaml())
    const files = await at.here.run(['engine', 'prune', '-c', 'files.yaml', '--before', '2025-01'])
    expect(files).toMatchObject({ code: 1, stderr: expect.stringContaining('the trail is in files') })
  })

  it('removes what is old as the owner, and not as a replica', async () => {
    await using at = await openTrail('pruned')
    const { owner } = at.database
    // The lines of the first three terminations were recorded in another year.
    await owner.query(`
      create table curfew.record_2025_01 partition of curfew.record for values from ('2025-01-01Z') to ('2025-02-01Z')`)
    await owner.query("update curfew.record set recorded_at = '2025-01-20Z' where unit = $1 and seq <= 6", [
      at.germany.id,
    ])
    const prune = (...args: readonly string[]) =>
      at.here.run(['engine', 'prune', '-c', 'curfew.yaml', '--before', '2025-02', ...args], {
        CURFEW_DATABASE_URL: at.database.url,
        OWNER_URL: cluster.url('pruned'),
      })
    const denied = await prune()
    expect(denied).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^curfew: [^\n]*permission denied[^\n]+\n$/),
    })
    const dry = await prune('--dry-run', '--owner-url', 'OWNER_URL')
    expect(dry.stdout).toContain('Would remove 6 records of 1 unit with 1 partition: curfew.record_2025_01')
    const removed = await prune('--owner-url', 'OWNER_URL')
    expect(removed).toMatchObject({ code: 0, stderr: '' })
    expect(removed.stdout).toContain('\nRemoved 6 records of 1 unit with 1 partition: curfew.record_2025_01\n')
    const [, anchor = ''] = /^after (.+)$/m.exec(removed.stdout) ?? []

    const verified = await at.audit('verify', '--unit', 'eu-central-1')
    expect(verified.code).toBe(0)
    expect(verified.stdout).toContain(`4 records, the chain is whole\nafter ${anchor} (retention has removed`)
    const exported = await at.audit('export', 'proof', '--unit', 'eu-central-1')
    const [, command = ''] = /: curfew (audit verify .+)$/m.exec(exported.stdout) ?? []
    expect(command).toContain(`--from 7 --anchor ${anchor.replace(' ', ':')}`)
    expect((await at.here.run(command.split(' '))).code).toBe(0)
    const shown = await at.audit('show', '--unit', 'eu-central-1')
    expect(shown.stdout.replaceAll('\n', ' ')).toContain('Lines 1 to 6 are not in the database.')
    expect((await prune('--owner-url', 'OWNER_URL')).stdout).toBe('nothing to remove: the trail has no earlier month\n')
    const early = await at.audit('verify', '--unit', 'eu-central-1', '--anchor', `2:${'0'.repeat(64)}`)
    expect(early).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('retention has removed the lines up to 6'),
    })
  })
})
