import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { HOUR, MINUTE } from '../../src/domain/time/instant.ts'
import { startReceiver } from '../adapters/notify/receiver.ts'
import { startSmtpServer } from '../adapters/notify/smtp-server.ts'
import { type Running, workspace } from './curfew.ts'
import { curfewYaml, OFFICE, startOffice, terminateCalls } from './office.ts'

const KEY = 'e2e0123456789abcdef0123456789abcdef0123456789'

const POLICIES = `
version: 1
policies:
  - { name: daily, kind: max-session-age, maxAge: 8h, guard: off, warn: [15m], extend: { by: 1h } }
`

const urlOf = (running: Running) =>
  running.until(() => running.log().find(({ url }) => typeof url === 'string')?.url) as Promise<string>

const headingOf = async (answer: Promise<Response>) => /<h1>(.*)<\/h1>/.exec(await (await answer).text())?.[1]

it('the link in a mail extends the session once, and a lost state does not make it good again', async () => {
  await using smtp = await startSmtpServer()
  await using hook = await startReceiver(() => ({ status: 204 }))
  await using office = await startOffice()
  office.world.connect({ endpointId: OFFICE, username: 'alice@corp.example', ageMs: 8 * HOUR - 10 * MINUTE })
  await using here = await workspace({
    'curfew.yaml': curfewYaml(`mode: enforce
notify:
  - { email: { smarthost: "127.0.0.1:${smtp.port}", from: vpn@corp.example, requireTls: false }, events: [warning] }
  - { name: hook, webhook: "${hook.url}", events: [warning] }
`).replace(
      'server: { port: 0 }',
      'server: { port: 0, publicUrl: "https://curfew.corp.example/vpn", linkKey: { env: LINK_KEY } }',
    ),
    'policies.yaml': POLICIES,
  })
  const start = () => here.start(['run', '-c', 'curfew.yaml'], { ...office.env, LINK_KEY: KEY })
  await using running = start()
  const [mail] = await smtp.untilMails(1)
  const [, path = ''] = /https:\/\/curfew\.corp\.example\/vpn(\/extend\/[\w.-]+)/.exec(mail?.text ?? '') ?? []
  expect(mail?.recipients).toEqual(['alice@corp.example'])
  await hook.until(1)
  expect(hook.received.map(({ body }) => body).join()).not.toContain('/extend/')

  const link = `${await urlOf(running)}${path}`
  expect(await headingOf(fetch(link))).toBe('Extend your VPN session?')
  expect(await headingOf(fetch(link, { method: 'POST' }))).toBe('Your VPN session is extended')
  expect(await headingOf(fetch(link, { method: 'POST' }))).toBe('This link was used before')
  const metrics = await (await fetch(`${await urlOf(running)}/metrics`)).text()
  expect(metrics).toContain(`curfew_extensions_total{vpn_endpoint="${OFFICE}",policy="daily",outcome="granted"} 1`)
  expect(running.stdout + running.stderr).not.toContain(path)

  running.child.kill('SIGKILL')
  await running.exited
  await rm(join(here.folder, 'data/state.json'), { force: true })
  const shown = await here.run(['audit', 'show', '-c', 'curfew.yaml', '--user', 'alice@corp.example'])
  expect(shown.stdout).toMatch(/extended: alice@corp\.example; moved the end by 1h from/)

  await using again = start()
  await again.untilLogged('decided')
  const sameLink = `${await urlOf(again)}${path}`
  expect(await headingOf(fetch(sameLink, { method: 'POST' }))).toBe('This link was used before')
  const explained = await here.run(['explain', '-c', 'curfew.yaml', '--user', 'alice@corp.example'], office.env)
  expect(explained.stdout).toContain('Stays up until')
  expect(terminateCalls(office)).toEqual([])
})

it('a key that is too short is refused at the start', async () => {
  await using here = await workspace({
    'curfew.yaml': curfewYaml().replace(
      'server: { port: 0 }',
      'server: { port: 0, publicUrl: "https://curfew.corp.example", linkKey: { file: ./key } }',
    ),
    'policies.yaml': POLICIES,
    key: 'too-short\n',
  })
  const { code, stderr } = await here.run(['run', '-c', 'curfew.yaml'])
  expect(code).toBe(1)
  expect(stderr).toContain('server.linkKey: key: the key is shorter than 32 bytes')
  expect(stderr).not.toContain('too-short')
})
