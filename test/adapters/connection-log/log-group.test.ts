import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { logsPolicy } from '../../../scripts/iam-policies.ts'
import { createLogEvents } from '../../../src/adapters/aws/log-events.ts'
import { createLines } from '../../../src/adapters/connection-log/lines-read.ts'
import { type Pause, readLogGroup } from '../../../src/adapters/connection-log/log-group.ts'
import { UnreadableLog } from '../../../src/adapters/connection-log/unreadable.ts'
import { VpnError } from '../../../src/app/vpn.ts'
import type { ConnectionRecord } from '../../../src/domain/recording/connection-record.ts'
import { DAY, HOUR, type Instant, MINUTE, SECOND } from '../../../src/domain/time/instant.ts'
import type { Interception, SimulatedRequest } from '../../../src/simulator/exchange.ts'
import { isAllowed } from '../../security/iam-evaluation.ts'
import { LOOKER, OTHER_ACCOUNT, OWN_ACCOUNT, REGION, ROLE, simulateAccounts } from '../aws/simulated-accounts.ts'

const GROUP = '/aws/clientvpn'
const PLACE = { account: OWN_ACCOUNT, region: REGION, name: GROUP }

const lineOf = (id: number, at: Instant) => {
  const time = new Date(at).toISOString().slice(0, 19).replace('T', ' ')
  return JSON.stringify({
    'connection-log-type': 'connection-attempt',
    'connection-attempt-status': 'successful',
    'connection-reset-status': 'NA',
    'connection-id': `cvpn-connection-${id}`,
    'client-vpn-endpoint-id': 'cvpn-endpoint-0123456789abcdef0',
    'connection-start-time': time,
    'connection-last-update-time': time,
    'common-name': 'alice',
    username: 'alice',
  })
}

/** An account whose log group has an event at each of these ages. The reader's clock is the simulator's. */
const startLogs = async (
  agesMs: readonly number[],
  options: NonNullable<Parameters<typeof simulateAccounts>[0]> & { account?: string } = {},
) => {
  const { account = OWN_ACCOUNT, scenario, ...simulated } = options
  const buckets = { logs: { burst: 100, perSecond: 100 } }
  const aws = await simulateAccounts({ scenario: { buckets, ...scenario }, ...simulated })
  vi.stubEnv('AWS_ENDPOINT_URL_CLOUDWATCH_LOGS', aws.url)
  const now = aws.clock.now()
  const events = agesMs.map((ageMs, id) => ({ publishedAt: now - ageMs, message: lineOf(id, now - ageMs) }))
  aws.logGroups.write({ ...PLACE, account }, events)

  const pauses: Pause[] = []
  const records: ConnectionRecord[] = []
  const progress: number[] = []
  const stop = new AbortController()
  const clock = {
    ...aws.clock,
    sleep: async (ms: number) => {
      aws.advance(ms)
    },
  }
  return {
    ...aws,
    pauses,
    records,
    progress,
    stop,
    ids: () => records.map(({ connectionId }) => Number(connectionId.split('-')[2])),
    async read({
      logGroup = GROUP,
      days = 30,
      ...way
    }: {
      logGroup?: string
      days?: number
      assumeRole?: typeof ROLE
      region?: string
    } = {}) {
      const client = createLogEvents({ region: REGION, requestTimeoutMs: 20_000, clock: aws.clock, ...way })
      onTestFinished(() => client.close())
      const lines = createLines((record) => records.push(record))
      const wanted = { logGroup, from: now - days * DAY, to: now }
      await readLogGroup(client, wanted, {
        lines,
        clock,
        random: () => 0,
        onPause: (pause) => pauses.push(pause),
        onProgress: ({ bytes, totalBytes = 0 }) => progress.push(bytes / totalBytes),
        signal: stop.signal,
      })
      return lines.result()
    },
  }
}

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => expect.fail('the reading succeeded'),
    (error: unknown) => error,
  )

const isLogs = ({ service }: SimulatedRequest) => service === 'logs'

/** Answers the requests to CloudWatch Logs in turn; undefined, and each after the last, is the simulator's own answer. */
const inTurn = (...answers: readonly Interception[]) => {
  let count = 0
  return (request: SimulatedRequest): Interception => (isLogs(request) ? answers[count++] : undefined)
}

const json = (body: object, status = 200): Interception => ({ status, body: JSON.stringify(body) })

describe('a log group', () => {
  it('is read to its last page, over pages that are empty, with a day more at the beginning', async () => {
    const ages = [31.5 * DAY, 30.5 * DAY, 29 * DAY, 2 * DAY, HOUR, 0]
    const logs = await startLogs(ages)
    expect(await logs.read()).toMatchObject({ read: 5, understood: 5, failed: 0 })
    expect(logs.ids()).toEqual([1, 2, 3, 4, 5])
    expect(logs.records[4]).toMatchObject({ what: 'begin', username: 'alice' })
    expect(logs.requestsOf('FilterLogEvents').length).toBe(5)
    expect(logs.progress).toEqual(logs.progress.toSorted((a, b) => a - b))
    expect(logs.progress.at(-1)).toBe(1)
  })

  it('of more than a megabyte is read in several pages, each event once', async () => {
    const logs = await startLogs([])
    const events = Array.from({ length: 9 }, (_, id) => {
      const publishedAt = logs.clock.now() - (9 - id) * SECOND
      return { publishedAt, message: lineOf(id, publishedAt).padEnd(400_000) }
    })
    logs.logGroups.write(PLACE, events)
    expect(await logs.read({ days: 1 })).toMatchObject({ read: 9, failed: 0 })
    expect(logs.ids()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
    expect(logs.requestsOf('FilterLogEvents').length).toBe(5)
  })

  it('is read in another account with the role of an entry of watch, or by its ARN', async () => {
    const logs = await startLogs([HOUR], { account: OTHER_ACCOUNT })
    expect(await failureOf(logs.read())).toMatchObject({ awsCode: 'ResourceNotFoundException' })
    expect(await logs.read({ assumeRole: ROLE })).toMatchObject({ understood: 1 })
    const logGroup = `arn:aws:logs:${REGION}:${OTHER_ACCOUNT}:log-group:${GROUP}`
    expect(await logs.read({ assumeRole: ROLE, logGroup })).toMatchObject({ understood: 1 })
  })

  it('counts the events that are no connection log, and is refused if there are no others', async () => {
    const logs = await startLogs([HOUR])
    logs.logGroups.write(PLACE, [{ publishedAt: logs.clock.now(), message: 'START RequestId' }])
    const { understood, failed, firstFailed } = await logs.read()
    expect([understood, failed]).toEqual([1, 1])
    expect(firstFailed).toMatchObject([{ file: GROUP, line: 2 }])

    const other = { publishedAt: logs.clock.now() - 2 * DAY, message: '{"level":"info"}' }
    logs.logGroups.write({ ...PLACE, name: 'lambda' }, [other])
    const refused = await failureOf(logs.read({ logGroup: 'lambda' }))
    expect(refused).toBeInstanceOf(UnreadableLog)
    expect(String(refused)).toMatch(/lambda has no event that was understood \(event 1: .*ConnectionLogOptions/)
    expect(String(await failureOf(logs.read({ logGroup: 'lambda', days: 0 })))).toMatch(/has no events/)
  })

  it('is asked again after a throttle, which is said, and read to its end', async () => {
    const logs = await startLogs([20 * DAY, HOUR], {
      scenario: { buckets: { logs: { burst: 4, perSecond: 1 } } },
    })
    expect(await logs.read()).toMatchObject({ understood: 2 })
    expect(logs.pauses.map(({ ms }) => ms)).toEqual([SECOND])
    expect(logs.pauses[0]?.failure.message).toMatch(/FilterLogEvents of \/aws\/clientvpn in eu-central-1: Throttling/)
  })

  it('is asked again after a failure of the network on a later page, and not on the first one', async () => {
    const resets = ['reset', 'reset', 'reset'] as const
    const later = await startLogs([20 * DAY, HOUR], { intercept: inTurn(undefined, ...resets) })
    expect(await later.read()).toMatchObject({ understood: 2 })
    expect(later.pauses).toHaveLength(1)
    const first = await startLogs([HOUR], { intercept: inTurn(...resets) })
    expect(await failureOf(first.read())).toMatchObject({ code: 'unreachable' })
    expect(first.pauses).toEqual([])
  })

  it('stops between and within its requests when it is aborted', async () => {
    const logs = await startLogs([HOUR], { intercept: (request) => (isLogs(request) ? 'hang' : undefined) })
    const reading = failureOf(logs.read())
    logs.stop.abort(new Error('enough'))
    expect(await reading).toEqual(new Error('enough'))
  })
})

describe('a part of a log group is a failure', () => {
  const page = json({ events: [], searchedLogStreams: [], nextToken: 'again' })
  it.each<[string, readonly Interception[], string]>([
    ['a token that leads back', [page, page], 'malformed'],
    ['an answer without a list', [page, json({ searchedLogStreams: [] })], 'malformed'],
    ['an event without a message', [page, json({ events: [{ timestamp: 1 }] })], 'malformed'],
    ['an error in a success', [page, json({ __type: 'InternalFailure' })], 'malformed'],
    ['a token that is no longer valid', [page, undefined], 'bad-request'],
    ['a half of an answer', [undefined, 'truncated', 'truncated', 'truncated'], 'malformed'],
    ['a login page', [undefined, 'login-page', 'login-page', 'login-page'], 'malformed'],
  ])('with %s on a later page', async (_name, answers, code) => {
    const logs = await startLogs([20 * DAY, HOUR], { intercept: inTurn(...answers) })
    const failure = await failureOf(logs.read())
    expect(failure).toBeInstanceOf(VpnError)
    expect(failure).toMatchObject({ code })
  })
})

describe('a log group that cannot be read', () => {
  it('is named, with where its name is found, if it does not exist', async () => {
    const logs = await startLogs([HOUR])
    const { message } = (await failureOf(logs.read({ logGroup: '/aws/vpn' }))) as VpnError
    expect(message).toMatch(/^FilterLogEvents of \/aws\/vpn in eu-central-1: ResourceNotFoundException: /)
    expect(message).toMatch(/check the name, the Region and the account: ConnectionLogOptions/)
  })

  it.each(['eu-central-1', 'cn-north-1'])(
    'is denied in %s with the action and the resource to allow',
    async (region) => {
      const logs = await startLogs([HOUR], { scenario: { deny: ['logs:FilterLogEvents'] } })
      const { code, message } = (await failureOf(logs.read({ region }))) as VpnError
      expect(code).toBe('denied')
      const partition = region === 'cn-north-1' ? 'aws-cn' : 'aws'
      const resource = `arn:${partition}:logs:${region}:*:log-group:${GROUP}:*`
      expect(message).toContain(`allow logs:FilterLogEvents on ${resource}, as deploy/iam/backtest.json does`)
    },
  )

  it('is refused with another way if its class cannot be read', async () => {
    const refused = json({ __type: 'InvalidOperationException', message: 'The log group is INFREQUENT_ACCESS' }, 400)
    const logs = await startLogs([HOUR], { intercept: inTurn(refused) })
    const { message } = (await failureOf(logs.read())) as VpnError
    expect(message).toMatch(/InvalidOperationException: .*; only log groups of the Standard class .* Logs Insights/)
  })

  it('asks for other credentials if AWS rejects these as expired, after it has renewed them once', async () => {
    const expired = json({ __type: 'ExpiredTokenException', message: 'The security token is expired' }, 400)
    const renewed = await startLogs([HOUR], { intercept: inTurn(expired) })
    expect(await renewed.read()).toMatchObject({ understood: 1 })
    const never = await startLogs([HOUR], { intercept: (request) => (isLogs(request) ? expired : undefined) })
    const { code, message } = (await failureOf(never.read())) as VpnError
    expect(code).toBe('expired-credentials')
    expect(message).toMatch(/renew the credentials/)
  })

  it('names the role that STS refuses', async () => {
    const logs = await startLogs([HOUR], { account: OTHER_ACCOUNT })
    const assumeRole = { arn: `${LOOKER.arn}-not`, externalId: 'curfew' }
    expect(await failureOf(logs.read({ assumeRole }))).toMatchObject({
      code: 'no-credentials',
      message: expect.stringContaining(`cannot assume ${assumeRole.arn}`),
    })
  })
})

it('the policy for backtests allows what a reading calls, and no other log group', async () => {
  const logs = await startLogs([MINUTE])
  await logs.read()
  const policy = logsPolicy({ region: REGION, account: OWN_ACCOUNT, logGroup: GROUP })
  const callOf = (name: string) => ({
    resource: `arn:aws:logs:${REGION}:${OWN_ACCOUNT}:log-group:${name}:log-stream:`,
    context: {},
  })
  const actions = new Set(logs.requests.filter(isLogs).map(({ service, action }) => `${service}:${action}`))
  expect([...actions]).toEqual(['logs:FilterLogEvents'])
  for (const action of actions) {
    expect(isAllowed([policy], { action, ...callOf(GROUP) })).toBe(true)
    expect(isAllowed([policy], { action, ...callOf(`${GROUP}-2`) })).toBe(false)
  }
})
