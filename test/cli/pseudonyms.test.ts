import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createStateFile } from '../../src/adapters/files/state-file.ts'
import { createPseudonyms } from '../../src/adapters/log/pseudonym.ts'
import { endpointKey } from '../../src/app/site.ts'
import { EMPTY_STATE } from '../../src/app/state.ts'
import { createMemory } from '../../src/domain/judge/memory.ts'
import { HOUR, MINUTE } from '../../src/domain/time/instant.ts'
import { startReceiver } from '../adapters/notify/receiver.ts'
import { CREDENTIALS, type Running, workspace } from './curfew.ts'
import { curfewYaml, isTermination, OFFICE, startOffice } from './office.ts'

const TOKEN = '0123456789abcdef0123456789abcdef'
const KEY = 'a-key-of-a-test-that-nobody-else-has'
const pseudonymOf = createPseudonyms(KEY)

const OLD = 'Quentin.Xylander@quux.example'
const GONE = 'ottoline@quux.example'
const FORMER = 'wilhelmina@quux.example'
const DEVICE = 'zeppelin-kx9.quux.example'

/** What identifies one of these people, wherever it stands and however it is written. */
const IDENTIFYING = /quentin|xylander|ottoline|wilhelmina|zeppelin|kx9|quux|kaleidoscope|127\.0\.0\.1(?!:\d)/i

const POLICIES = `version: 1
policies:
  - { name: daily, kind: max-session-age, maxAge: 8h, guard: off, warn: [1h], cooldown: 2h }
  - name: leavers
    kind: banned-users
    guard: off
    users: [{ pattern: ${GONE}, reason: "Kaleidoscope of ${FORMER}" }, quentin.xylande@quux.example]
`
const BANNED_ALL = POLICIES.replace('    guard: off\n', '').replace(
  'users: [',
  'users: ["*@quux.example", "zeppelin*", ',
)

const curfew = (log: string) =>
  curfewYaml(
    `mode: enforce
poll: { schedule: "* * * * * *", minGap: 1s }
guard: { maxPercent: 10, minConnections: 0 }
notify:
  - { name: desk, slack: { env: HOOK }, events: [warning] }
  - { name: mail, email: { smarthost: "127.0.0.1:9", from: vpn@corp.example, requireTls: false }, events: [warning, terminated] }
`,
  )
    .replace('server: { port: 0 }', 'server: { port: 0, bearerTokenFile: ./token }')
    .replace('log: { level: debug }', `log: ${log}`)

const WITH_KEY = curfew('{ level: trace, pseudonymKey: { file: ./key } }')

const denial = (name: string) => ({
  status: 403,
  body: `<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>User: ${name} may not</Message></Error></Errors></Response>`,
})

/** A daemon that meets a user of each fate, and AWS that names users in its errors. */
const startDaemon = async (format: string) => {
  let [denials, pages] = [2, 0]
  const office = await startOffice(
    {},
    {
      intercept: (request) => {
        if (isTermination(request) && denials-- > 0) return denial(OLD)
        return request.action === 'DescribeClientVpnConnections' && ++pages === 4 ? denial(FORMER) : undefined
      },
    },
  )
  const connect = (username: string | undefined, ageMs: number, more = {}) =>
    office.world.connect({ endpointId: OFFICE, ...(username === undefined ? {} : { username }), ageMs, ...more })
  connect(OLD, 9 * HOUR, { reconnectAfter: { from: 0, to: 0 } })
  connect(GONE, HOUR)
  connect(FORMER, 7 * HOUR + 30 * MINUTE)
  connect(undefined, 9 * HOUR, { commonName: DEVICE })
  for (let index = 0; index < 9; index++) connect(`other-${index}@quux.example`, HOUR)
  const receiver = await startReceiver(() => 200)
  const here = await workspace({ 'curfew.yaml': WITH_KEY, 'policies.yaml': POLICIES, key: `${KEY}\n`, token: TOKEN })
  const terminated = { daily: { [`user:${FORMER}`]: Date.now() - 5 * MINUTE } }
  await createStateFile(join(here.folder, 'data/state.json')).save({
    ...EMPTY_STATE,
    endpoints: { [endpointKey('eu-central-1', OFFICE)]: { ...createMemory().kept(), watchedSince: 0, terminated } },
  })
  const running = here.start(['run', '-c', 'curfew.yaml'], {
    ...office.env,
    HOOK: `${receiver.url}/`,
    LOG_FORMAT: format,
  })
  return {
    running,
    here,
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]()
      await receiver[Symbol.asyncDispose]()
      await here[Symbol.asyncDispose]()
      await office[Symbol.asyncDispose]()
    },
  }
}

/** Waits for a text in the log, whatever its format is. */
const untilSaid = (running: Running, text: RegExp) => running.until((stdout) => text.exec(stdout) ?? undefined)

describe.concurrent('a daemon with log.pseudonymKey', () => {
  it.each(['json', 'pretty'])('writes no name, address or text with a name, whatever happens (%s)', async (format) => {
    await using daemon = await startDaemon(format)
    const { running, here } = daemon
    const [, url = ''] = await untilSaid(running, /metrics at (http\S+)\/metrics/)
    for (const said of [
      /have no intent in the audit trail, and are not used/,
      /AWS did not accept the termination of/,
      /DescribeClientVpnConnections of \S+ in eu-central-1: UnauthorizedOperation: \(withheld/,
      /resembles \\?"p-/,
      /"p-\w+\\?" on office ends at /,
      /has the warning of \\?"p-/,
      /notification\(s\) to \\?"mail\\?" have no address, such as that of \\?"p-/,
      /notifications to \\?"mail\\?" are delayed/,
      new RegExp(`"${pseudonymOf(OLD)}\\\\?" on office was ended`),
      new RegExp(`"${pseudonymOf(GONE)}\\\\?" on office was ended`),
      new RegExp(`"${pseudonymOf(DEVICE)}\\\\?" on office was ended`),
    ])
      await untilSaid(running, said)

    const refused = await fetch(`${url}/status`, { headers: { authorization: `Basic ${btoa('quentin:quux')}` } })
    expect(refused.status).toBe(401)
    await untilSaid(running, /login\(s\) failed at the HTTP server, the last from p-/)

    await here.write('policies.yaml', `${POLICIES}    wilhelmina: [${FORMER}\n`)
    await untilSaid(running, /the new configuration has \d+ problem/)
    await here.write('policies.yaml', BANNED_ALL)
    await untilSaid(running, /the users of .* have changed/)
    await untilSaid(
      running,
      /HELD by the guard: policy \\?"leavers\\?" would end \d+ of \d+ connections on office now \(for example \\?"p-/,
    )

    // These have neither users nor connections, with or without a key.
    const read = async (page: string) =>
      (await fetch(`${url}${page}`, { headers: { authorization: `Bearer ${TOKEN}` } })).text()
    for (const [page, known] of [
      ['/metrics', 'curfew_terminations_total{'],
      ['/status', '"policy":"leavers"'],
    ] as const) {
      const text = await read(page)
      expect(text).toContain(known)
      expect(text).not.toMatch(IDENTIFYING)
      expect(text).not.toMatch(/p-[0-9a-f]{16}|cvpn-connection-/)
    }

    running.child.kill('SIGTERM')
    expect(await running.exited).toBe(0)
    expect(running.stdout + running.stderr).not.toMatch(IDENTIFYING)
  })

  it('prints the places of problems at the start, and no text of a file', async () => {
    const flawed = [
      { 'policies.yaml': `${POLICIES}  - { name: x, kind: ${FORMER} }\n` },
      { 'policies.yaml': `${POLICIES}    ${FORMER}: 1\n` },
      { 'curfew.yaml': `${WITH_KEY}${FORMER}: 1\n` },
      { 'curfew.yaml': `${WITH_KEY}${FORMER}: {\n` },
    ]
    for (const files of flawed) {
      await using here = await workspace({ 'curfew.yaml': WITH_KEY, 'policies.yaml': POLICIES, ...files })
      const { code, stdout, stderr } = await here.run(['run', '-c', 'curfew.yaml'], CREDENTIALS)
      expect(code).toBe(1)
      expect(stderr).toMatch(/\.yaml:\d+:\d+: error: .*withheld/)
      expect(stdout + stderr).not.toMatch(IDENTIFYING)
    }
  })

  it('does not start without the key, and refuses a reload to a key that is too short', async () => {
    await using office = await startOffice()
    await using here = await workspace({ 'curfew.yaml': WITH_KEY, 'policies.yaml': POLICIES, token: TOKEN })
    const env = { ...office.env, HOOK: 'http://127.0.0.1:9/' }
    expect(await here.run(['run', '-c', 'curfew.yaml'], env)).toMatchObject({
      code: 1,
      stderr: 'curfew: log.pseudonymKey: key: the file cannot be read: it does not exist\n',
    })
    await here.write('key', KEY)
    await using running = here.start(['run', '-c', 'curfew.yaml'], env)
    await running.untilLogged('decided')
    await here.write('key', 'short')
    const refused = await running.untilLogged('reload-refused')
    expect(refused.msg).toMatch(/"curfew doctor" lists them\. The first is log\.pseudonymKey: key: /)
    await here.write('key', `${KEY}${KEY}`)
    await running.untilLogged('reloaded')
  })

  it('warns that others can read the key', async () => {
    await using office = await startOffice()
    await using here = await workspace({ 'curfew.yaml': WITH_KEY, 'policies.yaml': POLICIES, key: KEY, token: TOKEN })
    await chmod(here.folder, 0o755)
    await chmod(join(here.folder, 'key'), 0o644)
    const { log } = await here.run(['run', '--once', '-c', 'curfew.yaml'], {
      ...office.env,
      HOOK: 'http://127.0.0.1:9/',
    })
    expect(log).toContainEqual(expect.objectContaining({ event: 'secret-exposed', file: 'key' }))
  })
})

describe('curfew pseudonym', () => {
  const files = { 'curfew.yaml': WITH_KEY, 'policies.yaml': POLICIES, key: KEY }

  it('prints the pseudonyms that the log has', async () => {
    await using here = await workspace(files)
    const text = await here.run(['pseudonym', OLD, 'm\u0430llory', '-c', 'curfew.yaml'])
    expect(text).toMatchObject({
      code: 0,
      stdout: `${pseudonymOf(OLD)}  ${OLD}\n${pseudonymOf('m\u0430llory')}  "m\\u0430llory"\n`,
    })
    const json = await here.run(['pseudonym', OLD.toUpperCase(), '-c', 'curfew.yaml', '--output', 'json'])
    expect(JSON.parse(json.stdout)).toEqual([{ name: OLD.toUpperCase(), pseudonym: pseudonymOf(OLD) }])
  })

  it('takes the prefix of an entry off, because the log has names without it', async () => {
    await using here = await workspace(files)
    const { code, stdout, stderr } = await here.run(['pseudonym', `cn:${OLD}`, `user:${OLD}`, '-c', 'curfew.yaml'])
    expect([code, stdout]).toEqual([0, `${pseudonymOf(OLD)}  ${OLD}\n`.repeat(2)])
    expect(stderr).toContain(`cn:${OLD} is found as ${OLD}`)
  })

  it('says that there is no key, or no name', async () => {
    await using here = await workspace({ ...files, 'curfew.yaml': curfew('{ level: info }') })
    expect(await here.run(['pseudonym', OLD, '-c', 'curfew.yaml'])).toMatchObject({
      code: 1,
      stderr: 'curfew: curfew.yaml has no "log.pseudonymKey": the log has the names themselves\n',
    })
    expect((await here.run(['pseudonym', '-c', 'curfew.yaml'])).code).toBe(64)
  })
})
