import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { OperatorError, UsageError } from '../../src/cli/command.ts'
import { composeLogGroups, type LogGroupOptions } from '../../src/cli/compose-log-groups.ts'
import type { Watch } from '../../src/config/configuration.ts'
import type { ConnectionRecord } from '../../src/domain/recording/connection-record.ts'
import { DAY, HOUR } from '../../src/domain/time/instant.ts'
import {
  ABROAD,
  LOOKER,
  OTHER_ACCOUNT,
  OWN_ACCOUNT,
  REGION,
  ROLE,
  STAFF,
  simulateAccounts,
} from '../adapters/aws/simulated-accounts.ts'

const GROUP = '/aws/clientvpn'

const watch = (region: string, assumeRole?: { arn: string; externalId?: string }): Watch => ({
  region,
  endpointUrl: undefined,
  endpoints: [],
  discover: 'all',
  assumeRole: assumeRole && { externalId: undefined, ...assumeRole },
})

/** An account whose endpoint has a connection log. Alice and Bob came in the last hours, and Alice left. */
const startLogs = async () => {
  const aws = await simulateAccounts({
    scenario: {
      roles: [ROLE, { ...LOOKER, deny: ['logs:FilterLogEvents'] }],
      endpoints: [
        {
          id: STAFF,
          name: 'staff',
          region: REGION,
          account: OTHER_ACCOUNT,
          authentication: 'directory',
          logGroup: GROUP,
          connections: [
            { username: 'alice', age: '3h' },
            { username: 'bob', age: '30m' },
          ],
        },
      ],
    },
  })
  vi.stubEnv('AWS_ENDPOINT_URL_CLOUDWATCH_LOGS', aws.url)
  const alice = aws.world.connections(STAFF).find(({ username }) => username === 'alice')
  aws.world.leave(alice?.connectionId ?? '')
  const records: ConnectionRecord[] = []
  return {
    ...aws,
    records,
    read: (more: Partial<LogGroupOptions>) => {
      const to = aws.clock.now()
      const options = { names: [GROUP], region: undefined, from: to - DAY, to, watch: [], ...more }
      return composeLogGroups(options).read({ onRecord: (record) => records.push(record), complain: () => {} })
    },
  }
}

describe('log groups', () => {
  it('are read with the Region and the role of the entry of watch', async () => {
    const logs = await startLogs()
    expect(await logs.read({ watch: [watch(REGION, ROLE), watch(REGION, ROLE)] })).toMatchObject({ read: 3, failed: 0 })
    const at = logs.clock.now()
    expect(logs.records).toMatchObject([
      { what: 'begin', username: 'alice', startedAt: at - 3 * HOUR, endpointId: STAFF },
      { what: 'begin', username: 'bob' },
      { what: 'end', username: 'alice', startedAt: at - 3 * HOUR, endedAt: at },
    ])
  })

  it('that are several are read one after another, each once', async () => {
    const logs = await startLogs()
    const other = { account: OTHER_ACCOUNT, region: REGION, name: '/aws/other' }
    logs.logGroups.write(other, logs.logGroups.events({ ...other, name: GROUP })?.slice(0, 1) ?? [])
    const names = [GROUP, '/aws/other', GROUP]
    expect(await logs.read({ names, watch: [watch(REGION, ROLE)] })).toMatchObject({ read: 4, understood: 4 })
  })

  it.each<[string, Partial<LogGroupOptions>]>([
    ['with --region', { region: REGION, watch: [watch(ABROAD), watch(REGION, ROLE)] }],
    [
      'with an ARN, also as a policy of IAM writes it',
      {
        names: [`arn:aws:logs:${REGION}:${OTHER_ACCOUNT}:log-group:${GROUP}:*`],
        watch: [watch(ABROAD, ROLE), watch(REGION), watch(REGION, ROLE)],
      },
    ],
  ])('are found among several entries of watch %s', async (_name, options) => {
    const logs = await startLogs()
    expect(await logs.read(options)).toMatchObject({ understood: 3 })
  })

  it('fail in words for the operator', async () => {
    const logs = await startLogs()
    const reading = logs.read({ region: REGION })
    await expect(reading).rejects.toThrow(OperatorError)
    await expect(reading).rejects.toThrow(/FilterLogEvents of \/aws\/clientvpn in eu-central-1: ResourceNotFound/)
    await expect(logs.read({ watch: [watch(REGION, LOOKER)] })).rejects.toThrow(/allow logs:FilterLogEvents/)
  })
})

describe('the options of log groups', () => {
  const PERIOD = { names: [GROUP], region: undefined, from: 0, to: DAY, watch: [] }
  it.each<[string, Partial<LogGroupOptions>, RegExp]>([
    ['without a period', { from: undefined }, /--since 30d/],
    [
      'with a period in the future',
      { from: Date.now() + HOUR, region: REGION },
      /Z is in the future: say how far back/,
    ],
    ['with what is no Region', { region: 'nowhere/x' }, /^--region: "nowhere\/x" is not an AWS Region/],
    [
      'with an ARN of no Region',
      { names: [`arn:aws:logs:west:${OWN_ACCOUNT}:log-group:a`] },
      /^--log-group: "west" is/,
    ],
    ['without a Region', {}, /--region eu-central-1/],
    ['with several Regions', { watch: [watch(REGION), watch(ABROAD)] }, /eu-central-1, us-east-1\): choose the Region/],
    [
      'with several roles',
      { region: REGION, watch: [watch(REGION), watch(REGION, ROLE)] },
      /eu-central-1 as arn:\S+curfew\).*ARN of the log group/,
    ],
    ['with a name that no log group has', { names: ['/aws/client vpn'], region: REGION }, /found "\/aws\/client vpn"/],
    ['with the ARN of another thing', { names: ['arn:aws:s3:::logs'], region: REGION }, /the ARN of a log group/],
    [
      'with an ARN of another Region',
      { names: [`arn:aws:logs:${ABROAD}:${OWN_ACCOUNT}:log-group:a`], region: REGION },
      /eu-central-1 is not the Region/,
    ],
  ])('are refused before anything is read %s', (_name, options, message) => {
    vi.stubEnv('AWS_REGION', '')
    onTestFinished(() => void vi.unstubAllEnvs())
    expect(() => composeLogGroups({ ...PERIOD, ...options })).toThrow(UsageError)
    expect(() => composeLogGroups({ ...PERIOD, ...options })).toThrow(message)
  })
})
