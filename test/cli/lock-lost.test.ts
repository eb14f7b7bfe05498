import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { rotatedName } from '../../src/adapters/audit/file-names.ts'
import { workspace } from './curfew.ts'
import { AGE_POLICY, curfewYaml, startOffice } from './office.ts'

it('a process that was suspended until another one took its lock stops loudly, and leaves the state of the other one', async () => {
  await using office = await startOffice()
  await using here = await workspace({
    'policies.yaml': AGE_POLICY,
    'curfew.yaml': curfewYaml('mode: enforce\npoll: { schedule: "* * * * * *", minGap: 1s }'),
  })
  const [lock, state, audit] = ['audit.jsonl.lock', 'state.json', 'audit.jsonl'].map((name) =>
    join(here.folder, 'data', name),
  ) as [string, string, string]
  await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
  await running.untilLogged('decided')
  await running.until(() => (readFileSync(audit, 'utf8').includes('"event":"start"') ? true : undefined))
  running.child.kill('SIGSTOP')
  // What another machine does after half a minute without a sign of life.
  writeFileSync(`${lock}.other`, JSON.stringify({ pid: 1, host: 'other', startedAt: '2026-11-23T12:00:00.000Z' }))
  renameSync(`${lock}.other`, lock)
  writeFileSync(state, 'the state of the other process')
  const trail = readFileSync(audit, 'utf8')
  running.child.kill('SIGCONT')
  expect(await running.exited).toBe(1)
  expect(running.log().filter(({ event }) => event === 'lock-lost')).toHaveLength(1)
  expect(readFileSync(state, 'utf8')).toBe('the state of the other process')
  expect(readFileSync(audit, 'utf8')).toBe(trail)
  expect(readFileSync(lock, 'utf8')).toContain('"other"')
})

it('a process that loses its lock while it reads the trail at the start stops, and never acts', async () => {
  await using office = await startOffice()
  await using here = await workspace({
    'policies.yaml': AGE_POLICY,
    'curfew.yaml': curfewYaml('mode: enforce\npoll: { schedule: "* * * * * *", minGap: 1s }'),
  })
  const audit = join(here.folder, 'data', 'audit.jsonl')
  expect((await here.run(['run', '--once', '-c', 'curfew.yaml'], office.env)).code).toBe(0)
  const trail = readFileSync(audit, 'utf8')
  // The start waits for this older file, as for a slow disk.
  const older = rotatedName(audit, 1, 1)
  execFileSync('/usr/bin/mkfifo', [older])
  await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
  await running.untilLogged('audit-head')
  writeFileSync(`${audit}.lock.other`, '{}')
  renameSync(`${audit}.lock.other`, `${audit}.lock`)
  await running.untilLogged('lock-lost')
  const pipe = openSync(older, constants.O_RDWR)
  rmSync(older)
  writeFileSync(older, '')
  closeSync(pipe)
  expect(await running.exited).toBe(1)
  expect(readFileSync(audit, 'utf8')).toBe(trail)
})
