import bcrypt from 'bcryptjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HOUR, MINUTE } from '../../src/domain/time/instant.ts'
import type { SimulatedRequest } from '../../src/simulator/exchange.ts'
import { accessibilityProblems, scrollsSideways, startBrowser } from '../adapters/http/browser.ts'
import { type Running, workspace } from './curfew.ts'
import { OFFICE, startOffice } from './office.ts'

const LAB = 'cvpn-endpoint-0123456789abcdef1'
const LOGIN = { username: 'operator', password: 'a password of the test' }

let browser: Awaited<ReturnType<typeof startBrowser>>

beforeAll(async () => {
  browser = await startBrowser()
})

afterAll(async () => {
  await browser[Symbol.asyncDispose]()
})

const curfewYaml = ({ mode = 'enforce', server = '{ port: 0 }' } = {}) => `version: 1
mode: ${mode}
policies: [./policies.yaml]
watch: [{ region: eu-central-1, endpoints: [{ id: ${OFFICE}, name: office }, { id: ${LAB}, name: lab }] }]
poll: { schedule: "* * * * * *", minGap: 1s }
server: ${server}
log: { level: debug }
`

const policies = ({ maxAge = '10h', guard = 'on', more = '' } = {}) => `version: 1
calendars:
  holidays: { yearly: ["01-01", "05-01", "12-25", "12-26"] }
policies:
  - name: working-hours
    kind: off-hours
    timeZone: Europe/Berlin
    allowed: [{ days: mon-fri, hours: "07:30-18:30" }, { days: sat, hours: "09:00-13:00" }]
    closed: [holidays]
    match: { users: ["contractor-*"] }
  - name: night-shift
    kind: off-hours
    timeZone: America/New_York
    denied: [{ days: mon-fri, hours: "22:00-05:00" }]
    mode: audit
  - { name: daily, kind: max-session-age, maxAge: ${maxAge}, guard: ${guard} }
  - { name: leavers, kind: banned-users, users: [mallory, trent] }
  - { name: two-at-most, kind: max-sessions, limit: 2 }
  - { name: heavy, kind: max-transfer, total: 50GiB, mode: audit }
  - { name: managed-devices, kind: posture, require: [managed], mode: audit }
  - { name: idle, kind: idle-timeout, after: 30m, grace: 5m, mode: audit }
${more}`

/** Twelve people at the office, of whom four reach the age of ten hours within the next hour, and three in the lab. */
const startCompany = async (
  intercept?: (request: SimulatedRequest) => { status: number; body: string } | undefined,
) => {
  const endpoint = { region: 'eu-central-1', authentication: 'federated' as const }
  const office = await startOffice(
    {
      endpoints: [
        { ...endpoint, id: OFFICE, name: 'office' },
        { ...endpoint, id: LAB, name: 'lab' },
      ],
    },
    intercept === undefined ? {} : { intercept },
  )
  const ages = [...Array.from({ length: 4 }, () => 10 * HOUR - 20 * MINUTE), ...Array.from({ length: 8 }, () => HOUR)]
  for (const [index, ageMs] of ages.entries()) {
    office.world.connect({ endpointId: OFFICE, username: `alice-${index}`, ageMs })
  }
  for (let index = 0; index < 3; index++)
    office.world.connect({ endpointId: LAB, username: `bob-${index}`, ageMs: HOUR })
  return office
}

const serverUrl = (running: Running) =>
  running.until(() => running.log().find(({ url }) => typeof url === 'string')?.url as string | undefined)

type Login = typeof LOGIN | undefined

/** The page without scripts. `name`: of the screenshots. */
const read = async (url: string, name: string, login?: Login) => {
  await using look = await browser.open(url, { width: 1100, ...(login && { login }) })
  await look.screenshot(`${name}-light`)
  await using dark = await browser.open(url, { width: 1100, scheme: 'dark', ...(login && { login }) })
  await dark.screenshot(`${name}-dark`)
  expect([...look.complaints, ...dark.complaints]).toEqual([])
  expect(look.status).toBe(200)
  return { text: await look.page.innerText('main'), title: await look.page.title() }
}

/** Whether axe and the window find nothing wrong, with everything unfolded. */
const expectAccessible = async (url: string, name: string) => {
  for (const scheme of ['light', 'dark'] as const) {
    await using look = await browser.open(url, { scheme, script: 'on' })
    await look.page.evaluate('document.querySelectorAll("details").forEach((one) => { one.open = true })')
    for (const width of [320, 400, 800, 1280]) {
      await look.page.setViewportSize({ width, height: 900 })
      await look.screenshot(`${name}-${width}-${scheme}`)
      expect(await accessibilityProblems(look.page)).toEqual([])
      expect(await scrollsSideways(look.page)).toBe(false)
      // The week is drawn on a narrow screen too.
      const undrawn = '[...document.querySelectorAll(".week svg")].filter((one) => one.clientWidth < 40).length'
      expect(await look.page.evaluate(undrawn)).toBe(0)
    }
    expect(look.complaints).toEqual([])
  }
}

const bothDecided = async (running: Running) => {
  for (const name of ['office', 'lab']) await running.untilLogged('decided', (line) => line.name === name)
}

describe('the page of a running daemon, in Chromium', () => {
  it('says that it enforces, what ends within the next hour, and the week of each policy of hours', async () => {
    await using office = await startCompany()
    await using here = await workspace({ 'curfew.yaml': curfewYaml(), 'policies.yaml': policies() })
    await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
    const url = await serverUrl(running)
    await bothDecided(running)
    const { text, title } = await read(url, 'healthy')
    expect(title).toBe('Curfew: Enforcing')
    expect(text).toContain('8 policies, 4 of them in audit, on 2 endpoints.')
    expect(text).toMatch(/15\s+active connections|active connections\s+15/)
    expect(text).toMatch(/daily\s+ends\s+0\s+4\s+\d\d:\d\d:\d\dZ\s+office 4/)
    expect(text).toContain('No call waits.')
    expect(text).toMatch(/\d\d:\d\d:\d\dZ started watching: 8 policies on 2 endpoint/)
    expect(text).toContain('Ends a connection outside these hours, on the clock of Europe/Berlin.')
    expect(text).toMatch(/(?:Mon|Tue|Wed|Thu|Fri) \d+ \w{3}[\s\S]+07:30–18:30/)
    expect(text.match(/today/g)).toHaveLength(2)
    expect(text).toContain('Ends a connection 10h after it was established.')
    expect(text).not.toContain('Needs attention')
    expect(text).not.toMatch(/alice|bob|mallory|contractor/)
    await expectAccessible(url, 'healthy')
  })

  it('says first which endpoint is BLIND, and shows none of its numbers', async () => {
    const denied =
      '<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>User: arn:aws:sts::111122223333:assumed-role/Admin/jane.doe@corp.example is not authorized</Message></Error></Errors></Response>'
    await using office = await startCompany(({ action, params }) =>
      action === 'DescribeClientVpnConnections' && params.ClientVpnEndpointId === LAB
        ? { status: 403, body: denied }
        : undefined,
    )
    await using here = await workspace({ 'curfew.yaml': curfewYaml(), 'policies.yaml': policies() })
    await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
    const url = await serverUrl(running)
    await running.untilLogged('blind')
    await running.untilLogged('decided')
    const { text, title } = await read(url, 'blind')
    expect(title).toBe('Curfew: 1 of 2 endpoints BLIND')
    expect(text.indexOf('lab is BLIND')).toBeLessThan(text.indexOf('Endpoints'))
    expect(text).toContain('It has not been read completely since the start.')
    // Who called AWS is a person too.
    expect(text).toContain('UnauthorizedOperation: (withheld, because it may name people: curfew plan shows it)')
    expect(text).toContain('allow ec2:DescribeClientVpnConnections on arn:aws:ec2:eu-central-1:*:client-vpn-endpoint/')
    const status = await (await fetch(`${url}/status`)).text()
    expect(status).toContain('UnauthorizedOperation')
    expect(text + status).not.toContain('jane')
    expect(text).toMatch(/lab[\s\S]+BLIND\s+\?\s+\?\s+\?\s+\?\s+none/)
    expect(text).toContain('Without 1 endpoint that Curfew cannot see.')
    expect(text).toContain('1 endpoint that Curfew cannot see: not counted.')
    await expectAccessible(url, 'blind')
  })

  it('says what the guard holds, what it would end and how to release it', async () => {
    await using office = await startCompany()
    await using here = await workspace({ 'curfew.yaml': curfewYaml(), 'policies.yaml': policies() })
    await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
    const url = await serverUrl(running)
    await bothDecided(running)
    await here.write('policies.yaml', policies({ maxAge: '30m' }))
    await running.untilLogged('held')
    const { text } = await read(url, 'held')
    expect(text).toContain('Held by the guard')
    expect(text).toMatch(/office cvpn-endpoint-\w+ in eu-central-1, since \d\d:\d\d:\d\dZ: would end 12 now/)
    expect(text).toContain('How to release it: If the edit is a mistake, correct the policy "daily" and save it')
    expect(text).toMatch(/daily\s+max-session-age\s+enforces\s+held on 1 endpoint/)
    expect(text).toContain('HELD by the guard: policy "daily" would end 12 of 12 connections on office now')
    expect(text).not.toMatch(/alice|bob/)
    await expectAccessible(url, 'held')
  })

  it('says clearly that nothing is ended in audit mode, and what would be', async () => {
    await using office = await startCompany()
    await using here = await workspace({
      'curfew.yaml': curfewYaml({ mode: 'audit' }),
      'policies.yaml': policies({ maxAge: '30m' }),
    })
    await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
    const url = await serverUrl(running)
    await bothDecided(running)
    const { text, title } = await read(url, 'audit')
    expect(title).toBe('Curfew: Audit only')
    expect(text).toContain('Nothing is ended, because curfew.yaml says “mode: audit”.')
    expect(text).toMatch(/daily\s+would end \(audit\)\s+15\s+0\s+–\s+office 12, lab 3/)
    expect(text).toContain('12 connections on office would end, but the policy only reports: policy "daily"')
    expect(text).not.toMatch(/alice|bob/)
  })

  it('shows where a refused configuration has its problems, without the names in them', async () => {
    await using office = await startCompany()
    await using here = await workspace({ 'curfew.yaml': curfewYaml(), 'policies.yaml': policies() })
    await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
    const url = await serverUrl(running)
    await bothDecided(running)
    const more = '  - { name: friends, kind: banned-users, users: ["group:friends-of-mallory"] }\n'
    await here.write('policies.yaml', policies({ more }))
    const refused = await running.untilLogged('reload-refused')
    expect(JSON.stringify(refused.problems)).toContain('mallory')
    const { text } = await read(url, 'refused')
    expect(text).toContain('The new configuration has 1 problem and was refused')
    expect(text).toMatch(/policies\.yaml:22:\d+/)
    expect(text).not.toContain('mallory')
    await here.write('policies.yaml', policies())
    await running.untilLogged('reloaded')
    expect((await read(url, 'healed')).text).not.toContain('refused\n')
  })

  it('names users in events and problems only with a login and server.showNames', async () => {
    await using office = await startCompany()
    office.world.connect({ endpointId: OFFICE, username: 'mallory' })
    const login = `basicAuthUsers: { ${LOGIN.username}: "${bcrypt.hashSync(LOGIN.password, 4)}" }`
    for (const showNames of [false, true]) {
      await using here = await workspace({
        'curfew.yaml': curfewYaml({ server: `{ port: 0, showNames: ${showNames}, ${login} }`, mode: 'audit' }),
        'policies.yaml': policies(),
      })
      await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
      const url = await serverUrl(running)
      await running.untilLogged('violation', ({ username }) => username === 'mallory')
      expect((await fetch(url)).status).toBe(401)
      const { text } = await read(url, showNames ? 'named' : 'nameless', LOGIN)
      expect(text.includes('mallory')).toBe(showNames)
      expect(text.includes('a connection on office would end, but the policy only reports: policy "leavers"')).toBe(
        !showNames,
      )
    }
  })
})
