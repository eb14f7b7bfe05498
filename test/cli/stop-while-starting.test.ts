import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { rotatedName } from '../../src/adapters/audit/file-names.ts'
import { HOUR } from '../../src/domain/time/instant.ts'
import { workspace } from './curfew.ts'
import { AGE_POLICY, curfewYaml, OFFICE, startOffice, terminateCalls } from './office.ts'

it.each(['SIGTERM', 'SIGINT'] as const)(
  '%s while the audit file is locked by another machine stops the process, which never starts',
  async (signal) => {
    await using office = await startOffice()
    office.world.connect({ endpointId: OFFICE, username: 'bob', ageMs: 9 * HOUR })
    await using here = await workspace({ 'curfew.yaml': curfewYaml('mode: enforce'), 'policies.yaml': AGE_POLICY })
    const folder = join(here.folder, 'data')
    mkdirSync(folder)
    const holder = JSON.stringify({ id: 'other', pid: 1, host: 'other', startedAt: '2026-11-23T12:00:00.000Z' })
    writeFileSync(join(folder, 'audit.jsonl.lock'), holder)
    await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
    await running.untilLogged('audit-waiting')
    running.child.kill(signal)
    expect(await running.exited).toBe(0)
    expect(running.log().map(({ event }) => event)).toContain('stopped')
    expect(running.log().map(({ event }) => event)).not.toContain('started')
    expect(readFileSync(join(folder, 'audit.jsonl.lock'), 'utf8')).toBe(holder)
    expect(readdirSync(folder)).toEqual(['audit.jsonl.lock'])
    expect(terminateCalls(office)).toEqual([])
  },
)

it('SIGTERM while the disk of the trail does not answer stops the process, which never starts', async () => {
  await using office = await startOffice()
  office.world.connect({ endpointId: OFFICE, username: 'bob' })
  await using here = await workspace({ 'curfew.yaml': curfewYaml('mode: enforce'), 'policies.yaml': AGE_POLICY })
  expect((await here.run(['run', '--once', '-c', 'curfew.yaml'], office.env)).code).toBe(0)
  const audit = join(here.folder, 'data', 'audit.jsonl')
  const before = readFileSync(audit, 'utf8')
  // Nobody ever writes into this pipe.
  execFileSync('/usr/bin/mkfifo', [rotatedName(audit, 1, 1)])
  await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
  await running.untilLogged('audit-head')
  running.child.kill('SIGTERM')
  await running.exited
  // Node does not exit before the disk answers.
  expect(running.child.signalCode).toBe('SIGTERM')
  expect(running.log().map(({ event }) => event)).toContain('stopped')
  expect(running.log().map(({ event }) => event)).not.toContain('started')
  expect(readFileSync(audit, 'utf8')).toBe(before)
})
