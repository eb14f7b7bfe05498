import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import { HOUR, MINUTE } from '../../src/domain/time/instant.ts'
import { certificate } from '../adapters/http/certificates.ts'
import { type Received, type Reply, startReceiver } from '../adapters/notify/receiver.ts'
import { type Running, workspace } from './curfew.ts'
import { AGE_POLICY, curfewYaml, isTermination, OFFICE, startOffice } from './office.ts'

const KEY = `whsec_${Buffer.alloc(32, 'curfew').toString('base64')}`
const PATH = '/hook/secret-of-the-address'

const people = (count: number) => Array.from({ length: count }, (_, index) => `person-${index}`)

/**
 * A daemon that enforces on an office with `count` violators and notifies the targets of `notify`. The first `hanging`
 * terminations are never answered.
 */
const startViolators = async (
  count: number,
  notify: string,
  env: Readonly<Record<string, string>> = {},
  hanging = 0,
) => {
  let calls = 0
  const office = await startOffice(
    {},
    { intercept: (request) => (isTermination(request) && ++calls <= hanging ? 'hang' : undefined) },
  )
  for (const username of people(count)) office.world.connect({ endpointId: OFFICE, username, ageMs: 9 * HOUR })
  const here = await workspace({
    'curfew.yaml': curfewYaml(`mode: enforce\npoll: { schedule: "* * * * * *", minGap: 1s }\nnotify:\n${notify}`),
    'policies.yaml': AGE_POLICY,
    'secrets/webhook': `${KEY}\n`,
  })
  const start = (...args: readonly string[]) =>
    here.start(['run', '-c', 'curfew.yaml', ...args], { ...office.env, ...env })
  return {
    ...here,
    start,
    async [Symbol.asyncDispose]() {
      await here[Symbol.asyncDispose]()
      await office[Symbol.asyncDispose]()
    },
  }
}

const WEBHOOK = '  - { name: desk, webhook: { env: HOOK }, secret: { file: ./secrets/webhook } }\n'

const addressOf = ({ url }: { readonly url: string }) => new URL(PATH, url).href

const confirmed = (running: Running) =>
  running.log().filter(({ event, outcome }) => event === 'termination' && outcome === 'confirmed')

const metricsOf = async (running: Running) => {
  const url = await running.until(() => running.log().find(({ url }) => typeof url === 'string')?.url)
  return (await fetch(`${String(url)}/metrics`)).text()
}

const usersOf = (received: readonly Received[]) =>
  received.map(({ body }) => (JSON.parse(body) as { data: { username: string } }).data.username)

describe.concurrent('curfew run with notifications', () => {
  it('terminates all violators while a webhook hangs, and delivers once the webhook answers', async () => {
    let answer = () => {}
    const later = new Promise<void>((resolve) => {
      answer = resolve
    })
    await using receiver = await startReceiver((): Reply => ({ later }))
    await using here = await startViolators(30, WEBHOOK, { HOOK: addressOf(receiver) })
    await using running = here.start()
    await running.until(() => (confirmed(running).length === 30 ? true : undefined))
    const metrics = await metricsOf(running)
    expect(metrics).toContain('curfew_enforcement_lag_seconds_count{stage="confirm"} 30')
    expect(metrics).toContain('curfew_notifications_total{target="desk",outcome="delivered"} 0')

    answer()
    await receiver.until(30)
    running.child.kill('SIGTERM')
    expect(await running.exited).toBe(0)
    expect(new Set(usersOf(receiver.received))).toEqual(new Set(people(30)))
    for (const { headers, body } of receiver.received) {
      const event = new Webhook(KEY).verify(body, headers as Record<string, string>)
      expect(event).toMatchObject({
        type: 'curfew.session.terminated',
        source: expect.stringMatching(`^/curfew/[0-9]{12}/eu-central-1/${OFFICE}$`) as string,
        data: { endpointId: OFFICE, name: 'office', policy: 'daily', reason: 'session-age', outcome: 'confirmed' },
      })
    }
    // Neither output nor metrics contain a secret.
    for (const secret of [KEY, KEY.slice(6), PATH])
      expect(running.stdout + running.stderr + metrics).not.toContain(secret)
    expect(running.log().filter(({ event }) => event === 'notification-lost')).toEqual([])
  })

  it('waits for hanging webhooks and calls together when it stops, and reports the lost notifications', async () => {
    await using receiver = await startReceiver(() => 'hang')
    await using here = await startViolators(5, WEBHOOK, { HOOK: addressOf(receiver) }, 1)
    await using running = here.start()
    await running.until(() => (confirmed(running).length === 4 ? true : undefined))
    running.child.kill('SIGTERM')
    expect(await running.exited).toBe(0)
    const end = running.log().filter(({ event }) => event === 'notification-lost' || event === 'stopped')
    expect(end).toMatchObject([
      { event: 'notification-lost', target: 'desk', count: 4, code: 'stopped' },
      { event: 'stopped' },
    ])
  })

  it('with --once delivers its notifications over TLS before it exits', async () => {
    await using keys = await workspace({})
    const known = certificate(keys.folder, 'known')
    await using receiver = await startReceiver(() => 200, known)
    await using here = await startViolators(3, `${WEBHOOK}  - { slack: { env: HOOK }, events: [terminated] }\n`, {
      HOOK: addressOf(receiver),
      NODE_EXTRA_CA_CERTS: known.certFile,
    })
    await using running = here.start('--once')
    expect(await running.exited).toBe(0)
    const slack = receiver.received.filter(({ body }) => body.startsWith('{"text":'))
    expect(receiver.received.length - slack.length).toBe(3)
    expect(slack.length).toBeGreaterThan(0)
    expect(slack[0]?.body).toContain('*terminated*: ')
  })

  it('records each warning that a receiver has accepted in the audit trail', async () => {
    await using receiver = await startReceiver(() => 200)
    await using office = await startOffice()
    const connectionId = office.world.connect({ endpointId: OFFICE, username: 'alice', ageMs: 8 * HOUR - 10 * MINUTE })
    await using here = await workspace({
      'curfew.yaml': curfewYaml(`mode: enforce\nnotify:\n${WEBHOOK}`),
      'policies.yaml': AGE_POLICY.replace('maxAge: 8h', 'maxAge: 8h, warn: [15m]'),
      'secrets/webhook': `${KEY}\n`,
    })
    await using running = here.start(['run', '-c', 'curfew.yaml'], { ...office.env, HOOK: addressOf(receiver) })
    const { target, username } = await running.untilLogged('warned')
    expect({ target, username }).toEqual({ target: 'desk', username: 'alice' })
    running.child.kill('SIGTERM')
    expect(await running.exited).toBe(0)
    const trail = (await readFile(join(here.folder, 'data', 'audit.jsonl'), 'utf8')).split('\n').slice(0, -1)
    const records = trail.map((line) => JSON.parse(line) as { readonly event: string })
    expect(records.filter(({ event }) => event === 'warned')).toMatchObject([
      { endpointId: OFFICE, connectionId, username: 'alice', policy: 'daily', target: 'desk', lead: '15m' },
    ])
  })

  it('sends the heads of the audit trail to a receiver that wants them, the last one after the last record', async () => {
    await using heads = await startReceiver(() => 200)
    await using others = await startReceiver(() => 200)
    await using here = await startViolators(
      1,
      `  - { name: heads, webhook: { env: HEADS }, secret: { file: ./secrets/webhook }, events: [audit-head] }\n${WEBHOOK}`,
      { HEADS: addressOf(heads), HOOK: addressOf(others) },
    )
    await using running = here.start()
    await running.until(() => (confirmed(running).length === 1 ? true : undefined))
    running.child.kill('SIGTERM')
    expect(await running.exited).toBe(0)
    const told = heads.received.map(({ body }) => JSON.parse(body) as { readonly type: string; readonly data: object })
    expect(told.map(({ type }) => type)).toEqual(['curfew.audit.head', 'curfew.audit.head'])
    const logged = running.log().filter(({ event }) => event === 'audit-head')
    expect(told.map(({ data }) => data)).toEqual(logged.map(({ occasion, seq, hash }) => ({ occasion, seq, hash })))
    const { data } = told[1] as { readonly data: { readonly seq: number; readonly hash: string } }
    const verified = await here.run(['audit', 'verify', 'data/audit.jsonl'])
    expect(verified.stdout).toContain(`head  ${data.seq} ${data.hash}`)
    expect(others.received.map(({ body }) => (JSON.parse(body) as { type: string }).type)).toEqual([
      'curfew.session.terminated',
    ])
  })

  it('refuses a new configuration while a secret file is missing, and loads it once the file exists', async () => {
    await using receiver = await startReceiver(() => 200)
    await using here = await startViolators(0, WEBHOOK, { HOOK: addressOf(receiver) })
    await using running = here.start()
    await running.untilLogged('decided')
    const yaml = curfewYaml(`notify:\n${WEBHOOK.replace('./secrets/webhook', './secrets/next')}`)
    await here.write('curfew.yaml', yaml)
    const refused = await running.untilLogged('reload-refused')
    expect(refused.problems).toEqual([
      expect.stringMatching(/^notify "desk": .*secrets\/next: the file cannot be read/),
    ])
    const [notification] = await receiver.until(1)
    expect(JSON.parse(notification?.body ?? '')).toMatchObject({
      type: 'curfew.configuration.reload-refused',
      data: { problems: refused.problems, count: 1 },
    })
    expect(running.log().filter(({ event }) => event === 'reloaded')).toEqual([])
    await here.write('secrets/next', KEY)
    await running.untilLogged('reloaded')
  })

  it.each([
    ['the variable is not set', WEBHOOK, {}, 'notify "desk": the environment variable HOOK: not set or empty'],
    [
      'the address is not a URL',
      WEBHOOK,
      { HOOK: 'hooks.corp.example/hush' },
      'HOOK: this is not an http or https URL',
    ],
    ['the address is unencrypted', WEBHOOK, { HOOK: 'http://hooks.corp.example/hush' }, 'HOOK: http:// would send'],
    [
      'the signing secret is not a key',
      WEBHOOK.replace('file: ./secrets/webhook', 'env: HUSH'),
      { HOOK: 'https://hooks.corp.example/hush', HUSH: 'hush-hush' },
      'HUSH: expected whsec_',
    ],
  ])('does not start if %s, and reports it without the secret', async (_, notify, env, message) => {
    await using here = await startViolators(0, notify, env)
    await using running = here.start()
    expect(await running.exited).toBe(1)
    expect(running.stderr).toContain(message)
    expect(running.stderr + running.stdout).not.toContain('hush')
  })
})
