import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { HOUR } from '../../src/domain/time/instant.ts'
import { clockAt, workspace } from './curfew.ts'
import { AGE_POLICY, curfewYaml, startOffice } from './office.ts'
import { AFTER, BEFORE, MORNING, writeTrailOfADay } from './trail-of-a-day.ts'

it('lists the policy sets with their times, and shows the one of a hash or an instant', async () => {
  await using here = await workspace({ 'curfew.yaml': curfewYaml(), 'policies.yaml': AGE_POLICY })
  await writeTrailOfADay(here.folder)
  const policies = (...args: readonly string[]) =>
    here.run(['audit', 'policies', '-c', 'curfew.yaml', ...args], clockAt(MORNING + 6 * HOUR))
  const json = async (...args: readonly string[]) =>
    JSON.parse((await policies('--output', 'json', ...args)).stdout) as unknown

  const before = {
    policySetHash: BEFORE,
    periods: [
      {
        from: '2026-12-01T08:00:01.000Z',
        until: '2026-12-01T10:00:14.000Z',
        because: 'mode enforce, 1 policies, 1 endpoints',
      },
    ],
  }
  expect(await json()).toEqual([before, expect.objectContaining({ policySetHash: AFTER })])
  const shown = { ...before, content: { groups: {}, policies: [{ name: 'daily' }] } }
  expect(await json(BEFORE)).toEqual(shown)
  expect(await json(BEFORE.slice(0, 6).toUpperCase())).toEqual(shown)
  expect(await json('--at', '2026-12-01T10:00:13.999Z')).toEqual(shown)
  expect(await json('--at', '2026-12-01T10:00:14Z')).toMatchObject({ policySetHash: AFTER })
  expect(await json('--at', '5h')).toEqual(shown)

  for (const [args, words] of [
    [['--at', '2026-12-01T07:00:00Z'], 'no policy set was in force at 2026-12-01T07:00:00.000Z'],
    [['--at', '1m'], 'no policy set was in force'],
    [['0000'], 'no policy set of the trail has a hash that begins with 0000'],
  ] as const) {
    const { code, stderr } = await policies(...args)
    expect([code, stderr]).toEqual([1, expect.stringContaining(words)])
  }
  for (const args of [['xyz'], [BEFORE, '--at', '1h'], [BEFORE, AFTER], ['--at', 'noon']])
    expect((await policies(...args)).code).toBe(64)
})

it('does not show a text that is not the one of the hash', async () => {
  await using here = await workspace({})
  await writeTrailOfADay(here.folder)
  const name = readdirSync(join(here.folder, 'data')).find((one) => one.startsWith('audit.jsonl.000000000001-')) ?? ''
  const path = join(here.folder, 'data', name)
  writeFileSync(path, readFileSync(path, 'utf8').replace('\\"daily\\"', '\\"never\\"'))
  const changed = await here.run(['audit', 'policies', BEFORE, '--file', path])
  expect([changed.code, changed.stderr]).toEqual([
    1,
    expect.stringContaining('the text of this policy set was changed'),
  ])
})

it('prints nothing that a forged record may have as a line of its own', async () => {
  const forged = `beef\n${AFTER}\n  2026-12-01T08:00:00Z`
  const record = { seq: 1, time: '2026-12-01T09:00:00.000Z', event: 'start', because: forged, policySetHash: forged }
  await using here = await workspace({
    'audit.jsonl': `${JSON.stringify({ ...record, prev: '0'.repeat(64) })}\n`,
  })
  const { stdout } = await here.run(['audit', 'policies', '--file', 'audit.jsonl'])
  expect(stdout.trimEnd().split('\n')).toEqual([
    expect.stringMatching(/^beef\\n/),
    '  2026-12-01T09:00:00Z still in force at the end of the trail',
    expect.stringMatching(/^ {4}beef\\n/),
  ])
  const shown = await here.run(['audit', 'policies', 'beef', '--file', 'audit.jsonl'])
  expect(shown.stderr).toMatch(/^curfew: beef\\n.* is not in these files: add those that were archived\n$/)
})

it('shows the policies that a daemon has run under', async () => {
  await using office = await startOffice()
  await using here = await workspace({ 'curfew.yaml': curfewYaml(), 'policies.yaml': AGE_POLICY })
  expect((await here.run(['run', '--once', '-c', 'curfew.yaml'], office.env)).code).toBe(0)
  const [hash = ''] = (await here.run(['validate', '--hash', '-c', 'curfew.yaml'])).stdout.match(/[0-9a-f]{64}/) ?? []
  const { code, stdout } = await here.run([
    'audit',
    'policies',
    hash.slice(0, 8),
    '-c',
    'curfew.yaml',
    '--output',
    'json',
  ])
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({
    policySetHash: hash,
    content: { policies: [{ name: 'daily', kind: 'max-session-age' }] },
  })
})
