import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hashSync } from 'bcryptjs'
import { describe, expect, it } from 'vitest'
import { HOUR } from '../../src/domain/time/instant.ts'
import type { SimulatedRequest } from '../../src/simulator/exchange.ts'
import { certificate } from '../adapters/http/certificates.ts'
import { startReceiver } from '../adapters/notify/receiver.ts'
import { startSmtpServer } from '../adapters/notify/smtp-server.ts'
import { type Running, workspace } from '../cli/curfew.ts'
import { AGE_POLICY, OFFICE, startOffice } from '../cli/office.ts'

/** Secrets that the test puts where secrets belong. No output may contain one of them. */
const CANARIES = {
  secretKey: 'wJalrXUtnFEMI/K7MDENG/bCanarySecretKeyAA',
  sessionToken: 'IQoJb3JpZ2luX2VjCanarySessionTokenIQoJb3JpZ2luX2Vj',
  roleSecretKey: 'zJalrXUtnFEMI/K7MDENG/bCanaryRoleKeyAAAA',
  roleSessionToken: 'FwoGZXIvYXdzECanaryRoleTokenFwoGZXIvYXdzE',
  authorizationBlob: 'CanaryEncodedAuthorizationMessageAbC-123_xyz',
  webhookPath: 'canary-webhook-path-0123456789',
  slackPath: 'T00000000/B00000000/canarySlackPath',
  lostPath: 'canary-path-of-a-receiver-that-is-gone',
  slackToken: 'xoxb-1-2-canarySlackToken',
  smtpPassword: 'canary-password-of-the-mail-server',
  signingKey: Buffer.alloc(32, 'canary-signing-key').toString('base64'),
  password: 'canary-password-of-prometheus',
  wrongPassword: 'canary-password-mistyped',
  bearerToken: 'canary-bearer-token-0123456789',
  wrongToken: 'canary-token-mistyped-0123456789',
  tokenInQuery: 'canary-token-in-a-query-0123456789',
  literalSlack: 'https://hooks.slack.com/services/T1/B1/canaryLiteralSlack',
  literalSecret: 'whsec_Y2FuYXJ5LWxpdGVyYWwtc2VjcmV0LTAxMjM0NTY3ODk=',
  literalSlackToken: 'xoxb-1-2-canaryLiteralSlackToken',
  literalPassword: 'canary-password-in-the-clear',
  literalToken: 'canary-token-in-the-clear-0123456789',
} as const

const base64 = (text: string) => Buffer.from(text).toString('base64')

/** Each secret in plain form and in the encodings of URLs and HTTP authentication. */
const forms = Object.entries(CANARIES).flatMap(([name, secret]) =>
  [secret, encodeURIComponent(secret), base64(secret).replace(/=+$/, ''), base64(`prometheus:${secret}`)].map(
    (form) => [name, form] as const,
  ),
)

const leaksIn = (text: string) => [...new Set(forms.filter(([, form]) => text.includes(form)).map(([name]) => name))]

const CURFEW = `
version: 1
mode: enforce
policies: [./policies.yaml]
watch:
  - region: eu-central-1
    endpoints: [{ id: ${OFFICE}, name: office }]
    assumeRole: { arn: "arn:aws:iam::444455556666:role/curfew", externalId: curfew }
poll: { schedule: "* * * * * *", minGap: 1s }
server:
  port: 0
  basicAuthUsers: { prometheus: "${hashSync(CANARIES.password, 4)}" }
  bearerTokenFile: ./secrets/token
notify:
  - { name: desk, webhook: { env: HOOK }, secret: { file: ./secrets/webhook } }
  - { name: chat, slack: { file: ./secrets/slack } }
  - { name: gone, webhook: { env: GONE } }
  - { name: bot, slackBot: { token: { file: ./secrets/slack-token }, apiUrl: "http://127.0.0.1:9/" }, events: [terminated] }
  - name: mail
    email:
      smarthost: 127.0.0.1:MAIL
      from: vpn@corp.example
      username: curfew
      password: { env: SMTP_PASSWORD }
      caFile: ./known.crt
    events: [terminated]
people: { file: ./people.csv }
log: { level: trace }

`

/** A configuration with secrets in places where a reference is expected. */
const MISPLACED_SECRETS = `
version: 1
policies: [./policies.yaml]
watch: [{ region: eu-central-1, endpoints: [${OFFICE}] }]
server:
  basicAuthUsers: { prometheus: ${CANARIES.literalPassword} }
  bearerToken: ${CANARIES.literalToken}
notify:
  - { slack: "${CANARIES.literalSlack}" }
  - { webhook: https://hooks.corp.example/curfew, secret: "${CANARIES.literalSecret}" }
  - { slackBot: { token: "${CANARIES.literalSlackToken}" } }
  - email: { smarthost: "127.0.0.1:25", from: vpn@corp.example, username: vpn, password: "${CANARIES.literalPassword}" }
  - { webhook: "https://desk:${CANARIES.literalPassword}@hooks.corp.example/curfew" }
`

const ROLE_CREDENTIALS = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>ASIACANARYROLE000000</AccessKeyId><SecretAccessKey>${CANARIES.roleSecretKey}</SecretAccessKey><SessionToken>${CANARIES.roleSessionToken}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></AssumeRoleResponse>`

const DENIED = `<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized to perform this operation. Encoded authorization failure message: ${CANARIES.authorizationBlob}</Message></Error></Errors><RequestID>1</RequestID></Response>`

/** Gives canaries as the credentials of the role, and denies the first read. */
const startAws = () => {
  let denials = 0
  return startOffice(
    {},
    {
      intercept: ({ action, params }: SimulatedRequest) => {
        if (action === 'AssumeRole') return { status: 200, body: ROLE_CREDENTIALS }
        if (action === 'DescribeClientVpnConnections' && params.DryRun !== 'true' && denials++ === 0) {
          return { status: 403, body: DENIED }
        }
        return undefined
      },
    },
  )
}

const everythingServed = async (url: string) => {
  const basic = (password: string) => `Basic ${base64(`prometheus:${password}`)}`
  const logins = [
    undefined,
    basic(CANARIES.password),
    basic(CANARIES.wrongPassword),
    `Bearer ${CANARIES.bearerToken}`,
    `Bearer ${CANARIES.wrongToken}`,
  ]
  const paths = [
    '/',
    '/metrics',
    '/status',
    '/healthz',
    '/readyz',
    '/nothing',
    `/metrics?token=${CANARIES.tokenInQuery}`,
  ]
  let text = ''
  for (const authorization of logins) {
    for (const path of paths) {
      const answer = await fetch(url + path, { headers: authorization === undefined ? {} : { authorization } })
      text += [answer.status, ...answer.headers, await answer.text()].join('\n')
    }
  }
  return text
}

const urlOf = (running: Running) =>
  running.until(() => running.log().find(({ url }) => typeof url === 'string')?.url as string | undefined)

describe('no secret', () => {
  it('appears in the log, in the answers of the server, in files, or in the output of a command', async () => {
    await using office = await startAws()
    office.world.connect({ endpointId: OFFICE, username: 'bob', ageMs: 9 * HOUR })
    await using desk = await startReceiver((_request, index) => (index === 0 ? 500 : 204))
    await using chat = await startReceiver(() => ({ status: 403, body: `no such hook ${CANARIES.slackPath}` }))
    const address = ({ url }: { readonly url: string }, path: string) => new URL(`/${path}`, url).href
    const env = {
      ...office.env,
      AWS_ACCESS_KEY_ID: 'AKIACANARY0000000000',
      AWS_SECRET_ACCESS_KEY: CANARIES.secretKey,
      AWS_SESSION_TOKEN: CANARIES.sessionToken,
      HOOK: address(desk, CANARIES.webhookPath),
      SMTP_PASSWORD: CANARIES.smtpPassword,
      GONE: `http://127.0.0.1:9/${CANARIES.lostPath}`,
    }
    await using keys = await workspace({})
    const known = certificate(keys.folder, 'known')
    await using mail = await startSmtpServer({ certificate: known, login: 'curfew:another' })
    const good = CURFEW.replace('MAIL', String(mail.port))
    await using here = await workspace({
      'curfew.yaml': good,
      'misplaced-secrets.yaml': MISPLACED_SECRETS,
      'policies.yaml': AGE_POLICY,
      'secrets/webhook': `whsec_${CANARIES.signingKey}\n`,
      'secrets/slack': `${address(chat, CANARIES.slackPath)}\n`,
      'secrets/slack-token': `${CANARIES.slackToken}\n`,
      'people.csv': 'name,address\nbob,bob@corp.example\n',
      'known.crt': known.cert.toString(),
      'secrets/token': `${CANARIES.bearerToken}\n`,
    })

    await using running = here.start(['run', '-c', 'curfew.yaml'], env)
    const url = await urlOf(running)
    await running.untilLogged('termination', ({ outcome }) => outcome === 'confirmed')
    await running.untilLogged('notification-resumed')
    await running.untilLogged('notification-lost', ({ target }) => target === 'chat')
    for (const name of ['gone', 'bot', 'mail']) {
      await running.untilLogged('notification-delayed', ({ target }) => target === name)
    }
    const served = await everythingServed(url)
    await here.write('curfew.yaml', MISPLACED_SECRETS)
    await running.untilLogged('reload-refused')
    await here.write('curfew.yaml', good.replace('{ env: HOOK }', '{ env: NOT_SET }'))
    await running.untilLogged('reload-refused', ({ problems }) => JSON.stringify(problems).includes('NOT_SET'))
    await here.write('curfew.yaml', good)
    running.child.kill('SIGTERM')
    expect(await running.exited).toBe(0)

    const files = await Promise.all(
      ['audit.jsonl', 'state.json'].map((name) => readFile(join(here.folder, 'data', name), 'utf8')),
    )
    const commands = [
      ...['run', 'plan', 'connections', 'explain', 'validate', 'test', 'audit', 'schema', 'simulate'].map((name) => [
        name,
        '--help',
      ]),
      ['validate', '-c', 'curfew.yaml'],
      ['validate', '-c', 'misplaced-secrets.yaml'],
      ['run', '-c', 'misplaced-secrets.yaml'],
      ['plan', '-c', 'curfew.yaml', '--output', 'json'],
      ['connections', '-c', 'curfew.yaml'],
      ['explain', '-c', 'curfew.yaml', '--user', 'bob'],
      ['audit', 'verify', 'data/audit.jsonl'],
    ]
    const outputs: string[] = []
    for (const args of commands) {
      const { stdout, stderr } = await here.run(args, env)
      outputs.push(stdout + stderr)
      expect([args.join(' '), stdout + stderr]).not.toEqual([args.join(' '), ''])
    }

    // The secrets were used. Otherwise the test would prove nothing.
    expect(new Set(office.requests.map(({ accessKeyId }) => accessKeyId))).toEqual(
      new Set(['AKIACANARY0000000000', 'ASIACANARYROLE000000']),
    )
    expect(desk.received[0]).toMatchObject({ path: `/${CANARIES.webhookPath}` })
    expect(desk.received[0]?.headers).toHaveProperty('webhook-signature')
    expect(chat.received[0]).toMatchObject({ path: `/${CANARIES.slackPath}` })
    expect(mail.of('login')[0]).toMatchObject({ name: 'curfew', accepted: false })
    expect(served).toContain('curfew_enforcing 1')
    expect(running.stdout).toContain('UnauthorizedOperation')

    expect({
      log: leaksIn(running.stdout + running.stderr),
      served: leaksIn(served),
      files: leaksIn(files.join()),
      commands: leaksIn(outputs.join()),
    }).toEqual({ log: [], served: [], files: [], commands: [] })
  })
})
