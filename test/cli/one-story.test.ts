import { expect, it } from 'vitest'
import { HOUR } from '../../src/domain/time/instant.ts'
import type { Interception, SimulatedRequest } from '../../src/simulator/exchange.ts'
import { workspace } from './curfew.ts'
import { curfewYaml, isTermination, OFFICE, startOffice } from './office.ts'

const POLICIES = `
version: 1
policies:
  - { name: daily, kind: max-session-age, maxAge: 8h, guard: off }
  - { name: leavers, kind: banned-users, users: [mallory], guard: off }
`

const refusal = (code: string) => ({
  status: 400,
  body: `<Response><Errors><Error><Code>${code}</Code><Message>no</Message></Error></Errors></Response>`,
})

/** An entry of `curfew audit show --output json`. */
interface Entry {
  readonly entry: string
  readonly event?: string
  readonly seq?: number
  readonly outcome: string | null
  readonly connectionId: string
  readonly policy: string
  readonly reason: string
  readonly calls: ReadonlyArray<{ readonly id: string; readonly seq: number }>
  readonly results: ReadonlyArray<{ readonly outcome: string; readonly requestId: string | null; readonly seq: number }>
}

interface Status {
  readonly audit: { readonly seq: number; readonly hash: string }
  readonly endpoints: readonly [{ readonly openTerminations: number }]
}

const countsOf = (texts: Iterable<string>) => {
  const counts: Record<string, number> = {}
  for (const text of texts) counts[text] = (counts[text] ?? 0) + 1
  return counts
}

it('the trail, the log, the metrics and the status tell the same story of each termination', async () => {
  const connect = (username: string, ageMs = 9 * HOUR): string =>
    office.world.connect({ endpointId: OFFICE, username, ageMs, idle: true })
  const calls = new Map<string, number>()
  let late: string | undefined
  /** The answers of AWS to the calls for each of the people. Calls for others succeed. */
  const intercept = ({ action, params }: SimulatedRequest): Interception => {
    if (!isTermination({ action, params })) return undefined
    const { ConnectionId: id = '', Username: username } = params
    // She connects once more while the call by her name is on its way.
    if (username === 'mallory') late = connect('mallory', 0)
    const name = [...ids].find(([, one]) => one === id)?.[0]
    const count = (calls.get(id) ?? 0) + 1
    calls.set(id, count)
    if (name === 'refused once' && count === 1) return refusal('IncorrectState')
    if (name === 'refused always') return refusal('IncorrectState')
    if (name === 'answer lost') {
      office.world.leave(id)
      return { status: 503, body: '' }
    }
    if (name === 'lied about') return 'lie'
    if (name === 'without an answer') return 'hang'
    if (name !== 'gone before') return undefined
    office.world.leave(id)
    return refusal('InvalidClientVpnConnection.IdNotFound')
  }
  await using office = await startOffice({}, { intercept })
  const names = ['one', 'two', 'refused once', 'refused always', 'answer lost', 'lied about', 'without an answer']
  const ids = new Map([...names, 'gone before', 'mallory'].map((name) => [name, connect(name)]))
  const again = connect('mallory')
  connect('not due', HOUR)

  await using here = await workspace({
    'policies.yaml': POLICIES,
    'curfew.yaml': curfewYaml(
      'mode: enforce\npoll: { schedule: "* * * * * *", minGap: 1s, requestTimeout: 2m }\ntermination: { verifyWithin: 3s, attempts: 2 }',
    ),
  })
  await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
  const told = (name: string, outcome: string) =>
    running.untilLogged('termination', (line) => line.connectionId === ids.get(name) && line.outcome === outcome)
  for (const name of ['one', 'two', 'refused once', 'answer lost', 'mallory']) await told(name, 'confirmed')
  for (const name of ['refused always', 'lied about']) await told(name, 'gave-up')
  await told('gone before', 'already-gone')
  await running.untilLogged('termination', (line) => line.connectionId === again)
  await running.untilLogged('also-ended', (line) => line.connectionId === late)
  // The late connection may also be due by itself until a snapshot shows that it is gone.
  const url = await running.until(() => running.log().find((line) => typeof line.url === 'string')?.url as string)

  const show = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await here.run(['audit', 'show', '-c', 'curfew.yaml', '--output', 'json', ...args])
    expect([code, stderr]).toEqual([0, ''])
    return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Entry]))
  }
  const read = async () => ({
    status: (await (await fetch(`${url}/status`)).json()) as Status,
    metrics: await (await fetch(`${url}/metrics`)).text(),
    shown: await show(),
    log: running.log(),
  })
  // The daemon goes on meanwhile. All four are of one moment if no record was added while they were read.
  let [before, now] = [await read(), await read()]
  while (before.status.audit.seq !== now.status.audit.seq) [before, now] = [now, await read()]
  const { status, metrics, shown, log } = before

  const stories = shown.filter(({ entry }) => entry === 'termination')
  const results = stories.flatMap(({ results: all, ...story }) => all.map((result) => ({ ...story, ...result })))
  expect(new Set(results.map(({ outcome }) => outcome))).toEqual(
    new Set(['confirmed', 'already-gone', 'failed', 'gave-up', 'accepted']),
  )

  // The log: each outcome of each connection, in this order.
  const fromLog = log.flatMap(({ event, connectionId, outcome }) =>
    event === 'termination'
      ? [`${String(connectionId)} ${String(outcome)}`]
      : event === 'also-ended'
        ? [`${String(connectionId)} accepted`]
        : [],
  )
  const bySeq = [...results].sort((a, b) => a.seq - b.seq)
  expect(bySeq.map(({ connectionId, outcome }) => `${connectionId} ${outcome}`)).toEqual(fromLog)

  // The metrics: as many of each outcome. A connection that is ended along with others is not counted there.
  const counted = [
    ...metrics.matchAll(/^curfew_terminations_total\{.*policy="(.*?)",reason="(.*?)",outcome="(.*?)"\} ([1-9]\d*)$/gm),
  ]
  expect(
    Object.fromEntries(
      counted.map(([, policy, reason, outcome, count]) => [`${policy} ${reason} ${outcome}`, Number(count)]),
    ),
  ).toEqual(
    countsOf(
      results.flatMap(({ policy, reason, outcome }) =>
        outcome === 'accepted' ? [] : [`${policy} ${reason} ${outcome}`],
      ),
    ),
  )

  // The status: the call without an answer is the only one without an outcome.
  expect(status.endpoints[0].openTerminations).toBe(1)
  expect(stories.filter(({ outcome }) => outcome === null).map(({ connectionId }) => connectionId)).toEqual([
    ids.get('without an answer'),
  ])
  const last = Math.max(
    ...shown.flatMap((one) => [one.seq ?? 0, ...[...(one.calls ?? []), ...(one.results ?? [])].map(({ seq }) => seq)]),
  )
  expect(last).toBe(status.audit.seq)
  expect(metrics).toContain(`curfew_audit_records_total{outcome="written"} ${last}`)

  // AWS: a call for each intent, and what is shown as ended is not there any more.
  const callIds = new Set(stories.flatMap((story) => story.calls.map(({ id }) => id)))
  expect(callIds.size).toBe(office.requests.filter(isTermination).length)
  const active = new Set(
    office.world
      .connections(OFFICE)
      .filter((one) => one.status === 'active')
      .map((one) => one.connectionId),
  )
  for (const { connectionId, outcome } of stories)
    expect([connectionId, active.has(connectionId)]).toEqual([connectionId, outcome === null || outcome === 'gave-up'])
  expect(await show('--connection', ids.get('answer lost') ?? '')).toEqual(
    stories.filter(({ connectionId }) => connectionId === ids.get('answer lost')),
  )
  expect((await show('--user', 'MALLORY')).map(({ connectionId }) => connectionId)).toEqual(
    expect.arrayContaining([ids.get('mallory'), again, late]),
  )
  const { code, stdout } = await here.run([
    'audit',
    'verify',
    '-c',
    'curfew.yaml',
    '--anchor',
    `${status.audit.seq}:${status.audit.hash}`,
  ])
  expect([code, stdout]).toEqual([0, expect.stringContaining(`anchor ${status.audit.seq} holds`)])
})
