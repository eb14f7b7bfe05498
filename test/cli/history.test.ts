import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { HOUR } from '../../src/domain/time/instant.ts'
import { workspace } from './curfew.ts'
import { loggedWeek } from './logged-week.ts'
import { AGE_POLICY, curfewYaml, OFFICE, startOffice } from './office.ts'

const KEEPING = 'mode: enforce\npoll: { schedule: "* * * * * *", minGap: 1s }\nhistory: {}'

it('the history has the session that a policy ended, the one that left and the one that is up, over a kill', async () => {
  await using office = await startOffice()
  const connect = (username: string, ageMs: number) => office.world.connect({ endpointId: OFFICE, username, ageMs })
  const ended = connect('bob@corp.example', 9 * HOUR)
  const left = connect('carol@corp.example', HOUR)
  connect('dave@corp.example', 0)
  await using here = await workspace({ 'policies.yaml': AGE_POLICY, 'curfew.yaml': curfewYaml(KEEPING) })
  const lines = () => {
    const text = readFileSync(join(here.folder, 'data/history.jsonl'), 'utf8').trimEnd()
    return text.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)
  }
  const gone = () => lines().filter(({ event }) => event === 'gone')

  {
    await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
    await running.untilLogged('termination', ({ connectionId }) => connectionId === ended)
    await running.until(() => gone()[0])
    running.child.kill('SIGKILL')
    await running.exited
  }
  office.world.leave(left)
  await using again = here.start(['run', '-c', 'curfew.yaml'], office.env)
  await again.until(() => gone()[1])
  again.child.kill('SIGTERM')
  expect(await again.exited).toBe(0)

  expect(lines().filter(({ event }) => event === 'first-seen')).toHaveLength(3)
  expect(gone()).toMatchObject([
    { connectionId: ended, status: 'terminated', endedBy: 'curfew', policy: 'daily', reason: 'session-age' },
    { connectionId: left, status: 'terminated', endedBy: 'unknown' },
  ])
  expect(gone().map(({ endedAt }) => endedAt)).not.toContain(undefined)

  const asked = ['history', '-c', 'curfew.yaml', '--user', 'BOB@corp.example', '--output', 'json']
  const { code, stdout } = await here.run(asked)
  expect(code).toBe(0)
  const { sessions } = JSON.parse(stdout) as { readonly sessions: unknown }
  expect(sessions).toMatchObject([
    { connectionId: ended, name: 'office', state: 'gone', endedBy: 'curfew', policy: 'daily', reason: 'session-age' },
  ])
  const backtest = ['backtest', '-c', 'curfew.yaml', 'data/history.jsonl', '--output', 'json']
  const replayed = JSON.parse((await here.run(backtest)).stdout) as Record<string, unknown>
  expect(replayed).toMatchObject({ sessions: 3, principals: 3, lines: { failed: 0 } })
  const table = await here.run(['history', '-c', 'curfew.yaml'], { COLUMNS: '80' })
  expect(table.stdout).toMatch(
    /^USER +ESTABLISHED +UNTIL .*\n +ENDPOINT .*\ndave@corp.example .* up .*\n.*\ncarol@corp.example .*\n.* -\nbob/,
  )
  expect(table.stdout).toMatch(
    /\nbob@corp.example .* 9h .*\n {2}office +cvpn-connection-\w+ +daily\n\n3 sessions since/,
  )
  expect(Math.max(...table.stdout.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80)
})

it('says what it expects of a connection log, and of a file that does not exist', async () => {
  await using here = await workspace({ 'october.jsonl': loggedWeek() })
  expect(await here.run(['history', 'october.jsonl'])).toMatchObject({
    code: 1,
    stdout: '',
    stderr:
      'curfew: october.jsonl has no line of a history: expected the file that the daemon writes if "history" is in its file; to replay a connection log of AWS, use "curfew backtest"\n',
  })
  expect(await here.run(['history', 'november.jsonl'])).toMatchObject({
    code: 1,
    stdout: '',
    stderr: 'curfew: cannot read the history november.jsonl: it does not exist\n',
  })
})
