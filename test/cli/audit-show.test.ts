import { appendFileSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { openAuditTrail } from '../../src/adapters/audit/audit-trail.ts'
import { HOUR } from '../../src/domain/time/instant.ts'
import { clockAt, workspace } from './curfew.ts'
import { AGE_POLICY, curfewYaml } from './office.ts'
import { AFTER, BEFORE, MORNING, writeTrailOfADay } from './trail-of-a-day.ts'

const startReading = async () => {
  const here = await workspace({ 'curfew.yaml': curfewYaml(), 'policies.yaml': AGE_POLICY })
  const file = await writeTrailOfADay(here.folder)
  const env = clockAt(MORNING + 6 * HOUR)
  const show = (...args: readonly string[]) => here.run(['audit', 'show', '-c', 'curfew.yaml', ...args], env)
  return {
    ...here,
    file,
    show,
    /** The entries that fit, in a short form. */
    async entries(...args: readonly string[]) {
      const { code, stdout, stderr } = await show('--output', 'json', ...args)
      expect([code, stderr]).toEqual([0, ''])
      return stdout.split('\n').flatMap((line) => {
        if (line === '') return []
        const { event, username, outcome } = JSON.parse(line) as Record<string, string | null>
        return [event ?? `${username}: ${outcome}`]
      })
    },
    [Symbol.asyncDispose]: () => here[Symbol.asyncDispose](),
  }
}

/** The edit that banned them, and the ends of their connections. */
const MALLORY = ['list-changed', 'mallory: confirmed', 'mallory: already-gone', 'mallory: accepted']

describe('a trail that does not exist yet', () => {
  it.each(['show', 'verify', 'policies'])('is named by audit %s, with what makes it', async (action) => {
    await using here = await workspace({ 'curfew.yaml': curfewYaml(), 'policies.yaml': AGE_POLICY })
    const { code, stdout, stderr } = await here.run(['audit', action, '-c', 'curfew.yaml'])
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/there is no audit trail at \S*audit\.jsonl: the daemon creates it when it first starts/)
  })
})

describe('curfew audit show', () => {
  it('gives one JSON object for each termination and each other event, in the order of the trail', async () => {
    await using here = await startReading()
    const { stdout } = await here.show('--output', 'json')
    const entries = stdout.split('\n').slice(0, -1)
    expect(entries).toHaveLength(20)
    expect(JSON.parse(entries[0] ?? '')).toMatchObject({
      entry: 'event',
      seq: 1,
      event: 'start',
      policy: null,
      alsoBy: [],
    })
    expect(JSON.parse(entries[5] ?? '')).toEqual({
      entry: 'termination',
      outcome: 'gave-up',
      endpointId: 'cvpn-endpoint-0123456789abcdef0',
      account: '111122223333',
      region: 'eu-central-1',
      connectionId: 'cvpn-connection-ddddddddddddddddd',
      username: 'dave',
      commonName: 'laptop-07',
      policy: 'daily',
      reason: 'session-age',
      because: 'connected since 2026-12-01T01:00:00Z, for 8h: at most 8h is allowed',
      alsoBy: [],
      since: '2026-12-01T09:00:00.000Z',
      deadline: '2026-12-01T09:00:00.000Z',
      policySetHash: expect.not.stringMatching(AFTER),
      calls: [
        { id: 'x-2', selector: 'connection-id', intentAt: '2026-12-01T09:00:04.000Z', seq: 6, policy: 'daily' },
        { id: 'x-3', selector: 'connection-id', intentAt: '2026-12-01T09:00:11.000Z', seq: 9, policy: 'daily' },
      ],
      results: [
        { at: '2026-12-01T09:00:06.000Z', outcome: 'failed', seq: 8, callId: 'x-2', requestId: 'request-2' },
        { at: '2026-12-01T09:00:12.000Z', outcome: 'gave-up', seq: 10, callId: 'x-3', requestId: 'request-3' },
      ],
    })
  })

  it('gives CSV with a row for each, in which no name is a formula', async () => {
    await using here = await startReading()
    const { stdout } = await here.show('--output', 'csv')
    const [header = '', ...rows] = stdout.trimEnd().split('\n')
    expect(header).toMatch(/^seq,time,event,outcome,outcomeAt,endpointId,/)
    expect(rows).toHaveLength(20)
    expect(rows.find((row) => row.startsWith('24,'))).toBe(
      `24,2026-12-01T12:00:20.000Z,termination,confirmed,2026-12-01T12:00:21.000Z,cvpn-endpoint-0123456789abcdef0,111122223333,eu-central-1,cvpn-connection-11111111111111111,"'=HYPERLINK(""https://example.com"")",,daily,session-age,"connected since 2026-12-01T01:00:00Z, for 8h: at most 8h is allowed",,2026-12-01T09:00:00.000Z,2026-12-01T09:00:00.000Z,x-6,request-6,${AFTER},`,
    )
    const details = (seq: number) => {
      const cell = /,"(\{.*\})"$/.exec(rows.find((row) => row.startsWith(`${seq},`)) ?? '')?.[1]
      return cell === undefined ? undefined : (JSON.parse(cell.replaceAll('""', '"')) as unknown)
    }
    expect(header).toMatch(/,details$/)
    expect(details(2)).toEqual({ part: 1, parts: 1 })
    expect(details(4)).toEqual({ target: 'ops', lead: '15m', endsAt: '2026-12-01T09:00:00.000Z' })
    expect(details(15)).toEqual({ list: 'users', added: ['mallory', 'oscar', 'm\u0430llory'], removed: [] })
    expect(details(16)).toBeUndefined()
  })

  it('shows what fits the filters, each termination as a whole', async () => {
    await using here = await startReading()
    expect(await here.entries('--user', 'MALLORY')).toEqual(MALLORY)
    expect(await here.entries('--user', 'm*y')).toEqual(MALLORY)
    expect(await here.entries('--user', 'laptop-07')).toEqual(['dave: gave-up'])
    expect(await here.entries('--user', 'user:laptop-07')).toEqual([])
    expect(await here.entries('--connection', 'ddddd')).toEqual(['dave: gave-up'])
    expect(await here.entries('--policy', 'leavers')).toEqual(MALLORY)
    expect(await here.entries('--policy', 'leav')).toEqual([])
    expect(await here.entries('--event', 'gave-up')).toEqual(['dave: gave-up'])
    expect(await here.entries('--event', 'held', '--event', 'released')).toEqual(['held', 'released'])
    expect(await here.entries('--user', 'dave', '--event', 'held')).toEqual([])
    // The intent of the last one is earlier.
    const answered = ['--since', '2026-12-01T12:00:21Z', '--until', '2026-12-01T12:00:22Z']
    expect(await here.entries(...answered)).toEqual(['=HYPERLINK("https://example.com"): confirmed'])
    expect(await here.entries('--since', '1h')).toEqual(['stop'])
    expect(await here.entries('--until', '5h', '--event', 'intent')).toEqual([])
  })

  it('reads rotated and compressed parts, and files that are given in any order', async () => {
    await using here = await startReading()
    const whole = await here.show('--output', 'csv')
    const rotated = readdirSync(join(here.folder, 'data')).filter((name) => /\d-\d/.test(name))
    expect(rotated.length).toBeGreaterThan(1)
    const [first = '', second = ''] = rotated.map((name) => join(here.folder, 'data', name))
    writeFileSync(`${first}.gz`, gzipSync(readFileSync(first)))
    rmSync(first)
    renameSync(second, `${here.file}.2`)
    expect((await here.show('--output', 'csv')).stdout).toBe(whole.stdout)
    const names = readdirSync(join(here.folder, 'data')).map((name) => `data/${name}`)
    expect((await here.show('--output', 'csv', ...names.reverse())).stdout).toBe(whole.stdout)

    writeFileSync(`${here.file}.3.zst`, Buffer.from('28b52ffd', 'hex'))
    const refused = await here.show()
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toMatch(
      /^curfew: \S+\.3\.zst is compressed with zstd, and only gzip is read here: unpack it/,
    )
  })

  it('tells damaged and unfinished lines with their place, shows the others, and fails', async () => {
    await using here = await startReading()
    const text = readFileSync(here.file, 'utf8')
    writeFileSync(here.file, text.replace('"seq"', '"sec"'))
    appendFileSync(here.file, '{"seq":28,"ti')
    const { code, stdout, stderr } = await here.show('--output', 'csv')
    expect(code).toBe(1)
    const lines = text.split('\n').length
    expect(stderr.split('\n')).toEqual([
      `${here.file}:1: error: this is not a line of an audit file`,
      expect.stringContaining(`${here.file}:${lines}: error: the last line is unfinished`),
      'curfew: the trail is not whole, and what is shown may lack records',
      '',
    ])
    expect(stdout).toContain(',stop,')
  })

  it('closes with the lines that were read, and says which lines before them are not in the files', async () => {
    await using here = await startReading()
    const closing = async (...args: readonly string[]) => (await here.show(...args)).stdout.trimEnd().split('\n').at(-1)
    expect(await closing()).toContain(
      ' of 27 records, lines 1 to 27, from 2026-12-01T08:00:01Z to 2026-12-01T13:00:22Z. To prove ',
    )
    const [first = ''] = readdirSync(join(here.folder, 'data')).filter((name) => /\d-\d/.test(name))
    const count = readFileSync(join(here.folder, 'data', first), 'utf8').split('\n').length - 1
    rmSync(join(here.folder, 'data', first))
    const missing = `Lines 1 to ${count} are not in these files.`
    expect(await closing()).toContain(missing)
    expect(await closing('--since', '2026-12-01T07:00:00Z')).toContain(missing)
    expect(await closing('--since', '2026-12-01T12:00:00Z')).not.toContain('not in these files')
    expect(await closing('--until', '2026-11-01T00:00:00Z')).toBe(
      '0 terminations and 0 other events of 0 records: these files have none of that time. To prove that the trail is whole: curfew audit verify',
    )
  })

  it('has one line in the table for the text of a policy set, and an object for each of its parts', async () => {
    await using here = await workspace({})
    const trail = await openAuditTrail({ file: join(here.folder, 'audit.jsonl') })
    for (const policySetHash of [BEFORE, AFTER]) {
      for (const part of [1, 2, 3])
        await trail.write([{ time: MORNING, event: 'policy-set', policySetHash, part, parts: 3, text: '"' }])
    }
    await trail.close()
    const table = await here.run(['audit', 'show', 'audit.jsonl'])
    expect(table.stdout.split('\n').slice(0, 4)).toEqual([
      `2026-12-01T08:00:00Z  policy-set: text in 3 records; policy set ${BEFORE}`,
      `2026-12-01T08:00:00Z  policy-set: text in 3 records; policy set ${AFTER}`,
      '',
      expect.stringContaining('0 terminations and 2 other events of 6 records'),
    ])
    const objects = await here.run(['audit', 'show', '--output', 'json', 'audit.jsonl'])
    expect(objects.stdout.trimEnd().split('\n')).toHaveLength(6)
  })

  it('names the nearest event, and refuses other times', async () => {
    await using here = await startReading()
    const unknown = await here.show('--event', 'intend')
    expect(unknown.code).toBe(64)
    expect(unknown.stderr).toMatch(/--event: expected start, .*, found "intend"; did you mean "intent"\?/)
    for (const args of [
      ['--since', 'yesterday'],
      ['--until', ''],
      ['--since', '24h', '--until', '48h'],
      ['--since', '2026-12-01T09:00:00Z', '--until', '2026-12-01T09:00:00Z'],
      ['--output', 'xml'],
      ['--user', ''],
    ])
      expect((await here.show(...args)).code).toBe(64)
  })
})
