import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { HOUR, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { certificate } from '../adapters/http/certificates.ts'
import { startSlack } from '../adapters/notify/slack-server.ts'
import { startSmtpServer } from '../adapters/notify/smtp-server.ts'
import { workspace } from './curfew.ts'
import { AGE_POLICY, curfewYaml, OFFICE, startOffice } from './office.ts'

const PASSWORD = 'canary-password-of-the-mail-server'

const POLICY = AGE_POLICY.replace('maxAge: 8h', 'maxAge: 8h, warn: [5m]')

const mailTo = (port: number) => `mode: enforce
poll: { schedule: "* * * * * *", minGap: 1s }
timeZone: Europe/Berlin
people: { file: ./people.csv }
notify:
  - name: mail
    email:
      smarthost: 127.0.0.1:${port}
      from: VPN <vpn@corp.example>
      username: curfew
      password: { env: SMTP_PASSWORD }
      caFile: ./known.crt
`

describe.concurrent('the person whose session ends', () => {
  it('gets a mail before the end, and the audit trail has the warning', async () => {
    await using keys = await workspace({})
    const known = certificate(keys.folder, 'known')
    await using server = await startSmtpServer({ certificate: known, login: `curfew:${PASSWORD}` })
    await using office = await startOffice()
    await using here = await workspace({
      'curfew.yaml': curfewYaml(mailTo(server.port)),
      'policies.yaml': POLICY,
      'people.csv': 'name,address\ncorp\\alice,alice@corp.example\n',
      'known.crt': readFileSync(known.certFile, 'utf8'),
    })
    await using running = here.start(['run', '-c', 'curfew.yaml'], { ...office.env, SMTP_PASSWORD: PASSWORD })
    await running.untilLogged('decided')
    office.world.connect({ endpointId: OFFICE, username: 'CORP\\alice', ageMs: 8 * HOUR - 20 * SECOND })
    const [received] = await server.untilMails(1)
    expect(running.log().filter(({ event }) => event === 'termination')).toEqual([])
    expect(received).toMatchObject({ tls: true, authenticated: true, recipients: ['alice@corp.example'] })
    expect(received?.text).toMatch(
      /^Your VPN session on office as CORP\\alice ends at (?:\w{3} \d{4}-\d\d-\d\d )?\d\d:\d\d Europe\/Berlin, in less than a minute\.\n/,
    )
    expect(await running.untilLogged('warned')).toMatchObject({ target: 'mail', username: 'CORP\\alice' })
    const warning = await running.untilLogged('warning')
    expect(warning.msg).toMatch(
      /^"CORP\\alice" on office ends at .* Europe\/Berlin, in less than a minute, by policy "daily": /,
    )
    await running.untilLogged('termination', ({ outcome }) => outcome === 'confirmed')
    running.child.kill('SIGTERM')
    expect(await running.exited).toBe(0)
    expect(running.stdout + running.stderr).not.toContain(PASSWORD)
    const trail = await readFile(join(here.folder, 'data', 'audit.jsonl'), 'utf8')
    expect(trail).toMatch(/"event":"warned".*"target":"mail"/)
  })

  it('delays nobody while the mail server and Slack are down: each loss is counted', async () => {
    const [gone, silent] = [await startSmtpServer(), await startSlack({})]
    await gone[Symbol.asyncDispose]()
    await silent[Symbol.asyncDispose]()
    await using keys = await workspace({})
    const known = certificate(keys.folder, 'known')
    await using office = await startOffice()
    const yaml = `${mailTo(gone.port)}  - { name: chat, slackBot: { token: { env: TOKEN }, apiUrl: "${silent.apiUrl}" } }\n`
    await using here = await workspace({
      'curfew.yaml': curfewYaml(yaml),
      'policies.yaml': POLICY,
      'people.csv': 'name,address\n',
      'known.crt': readFileSync(known.certFile, 'utf8'),
    })
    await using running = here.start(['run', '-c', 'curfew.yaml'], {
      ...office.env,
      SMTP_PASSWORD: PASSWORD,
      TOKEN: silent.token,
    })
    // A daemon that starts slowly would first see them after their end.
    await running.untilLogged('decided')
    for (let index = 0; index < 20; index++) {
      office.world.connect({ endpointId: OFFICE, username: `p${index}@corp.example`, ageMs: 8 * HOUR - 15 * SECOND })
    }
    const confirmed = () =>
      running.log().filter(({ event, outcome }) => event === 'termination' && outcome === 'confirmed')
    await running.until(() => (confirmed().length === 20 ? true : undefined))
    for (const target of ['mail', 'chat'])
      await running.untilLogged('notification-delayed', (line) => line.target === target)
    running.child.kill('SIGTERM')
    expect(await running.exited).toBe(0)
    for (const target of ['mail', 'chat']) {
      const lost = running.log().filter((line) => line.event === 'notification-lost' && line.target === target)
      expect(lost.reduce((sum, { count }) => sum + Number(count), 0)).toBe(20)
    }
    const shown = await here.run(['audit', 'show', '--event', 'not-warned', '-c', 'curfew.yaml'])
    expect(shown.stdout).toMatch(
      /not-warned: p0@corp\.example; policy daily: .*target mail;.*why (?:ECONNREFUSED|stopped|too-late);/s,
    )
    expect(shown.stdout).toContain('40 other events')
    expect(running.stdout + running.stderr).not.toContain(silent.token)
  })

  it('is found by the addresses of the last edit without a mistake', async () => {
    await using slack = await startSlack({ 'erin@corp.example': 'U012ERIN' })
    await using office = await startOffice()
    const notify = `mode: enforce
poll: { schedule: "* * * * * *", minGap: 1s }
people: { file: ./people.csv }
notify: [{ name: chat, slackBot: { token: { env: TOKEN }, apiUrl: "${slack.apiUrl}" } }]
`
    await using here = await workspace({
      'curfew.yaml': curfewYaml(notify),
      'policies.yaml': POLICY,
      'people.csv': 'name,address\n',
    })
    await using running = here.start(['run', '-c', 'curfew.yaml'], { ...office.env, TOKEN: slack.token })
    await running.untilLogged('decided')
    office.world.connect({ endpointId: OFFICE, username: 'dave', ageMs: 8 * HOUR - 3 * MINUTE })
    expect(await running.untilLogged('notification-no-address')).toMatchObject({ target: 'chat', username: 'dave' })

    await here.write('people.csv', 'name,address\nerin,erin@corp.example\nfrank,frank\n')
    const refused = await running.untilLogged('reload-refused')
    expect(refused.problems).toEqual([
      'people.csv:3:7: error: "frank" is not a mail address: expected one such as alice@corp.example',
    ])
    await here.write('people.csv', 'name,address\nerin,erin@corp.example\n')
    await running.untilLogged('reloaded')
    office.world.connect({ endpointId: OFFICE, username: 'Erin', ageMs: 8 * HOUR - 3 * MINUTE })
    await running.untilLogged('warned')
    expect(slack.posted).toMatchObject([{ channel: 'U012ERIN' }])
    const url = running.log().find((line) => typeof line.url === 'string')?.url
    const metrics = await (await fetch(`${String(url)}/metrics`)).text()
    expect(metrics).toContain('curfew_notifications_total{target="chat",outcome="delivered"} 1')
    expect(metrics).toContain('curfew_notifications_total{target="chat",outcome="no-address"} 1')
  })
})

describe('curfew run', () => {
  it.each([
    ['the token of a bot', 'slackBot: { token: { env: HUSH } }', 'HUSH: expected a bot token of a Slack app'],
    [
      'certificates in PEM',
      'email: { smarthost: "127.0.0.1:25", from: vpn@corp.example, caFile: ./policies.yaml }',
      'policies.yaml: expected certificates in PEM',
    ],
  ])('does not start without %s, and reports it without the secret', async (_, receiver, message) => {
    await using here = await workspace({
      'curfew.yaml': curfewYaml(`notify: [{ name: chat, ${receiver} }]\n`),
      'policies.yaml': POLICY,
    })
    await using running = here.start(['run', '-c', 'curfew.yaml'], { HUSH: 'xoxp-hush' })
    expect(await running.exited).toBe(1)
    expect(running.stderr).toContain(message)
    expect(running.stderr + running.stdout).not.toContain('hush')
  })
})
