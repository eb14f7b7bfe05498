import { describe, expect, it } from 'vitest'
import { requestOf } from '../../src/domain/door/request.ts'
import { type Logged, lineOf } from '../../src/door/log-line.ts'
import { reviveDoor } from '../../src/door/revived-door.ts'
import { ENDPOINT, NOON, policy } from '../domain/build.ts'
import { baked, MALLORY } from './rules.ts'

const bans = policy('banned-users', { users: [{ pattern: 'mal*', until: '2026-12-24T00:00:00Z', reason: 'left' }] })

const logged = (different: Partial<Logged> = {}, policies = [{ ...bans, name: 'leavers' }]): Logged => {
  const rules = baked({ policies })
  const request = requestOf(MALLORY)
  const outcome = reviveDoor(rules)(request, 'eu-central-1', NOON)
  return {
    functionName: 'AWSClientVPN-curfew',
    at: NOON + 0.7,
    durationMs: 1.25,
    request,
    outcome,
    settings: rules.settings,
    ...different,
  }
}

const read = (line: string) => JSON.parse(line) as Record<string, unknown>

describe('the line of the log about one request', () => {
  it('has the decision as metrics in the format of CloudWatch, and what it rests on', () => {
    expect(read(lineOf(logged()))).toEqual({
      _aws: {
        Timestamp: NOON,
        CloudWatchMetrics: [
          {
            Namespace: 'Curfew/ConnectHandler',
            Dimensions: [['FunctionName'], ['FunctionName', 'Decision'], ['FunctionName', 'Policy', 'Decision']],
            Metrics: [
              { Name: 'Decisions', Unit: 'Count' },
              { Name: 'OnErrors', Unit: 'Count' },
              { Name: 'Unknown', Unit: 'Count' },
              { Name: 'DurationMs', Unit: 'Milliseconds' },
            ],
          },
        ],
      },
      FunctionName: 'AWSClientVPN-curfew',
      Decision: 'deny',
      Policy: 'leavers',
      Decisions: 1,
      OnErrors: 0,
      Unknown: 0,
      DurationMs: 1.25,
      endpointId: ENDPOINT,
      connectionId: 'cvpn-connection-0123456789abcdef0',
      username: 'mallory',
      commonName: 'laptop-7',
      policy: 'leavers',
      reason: 'banned',
      because: 'banned as "mal*" until 2026-12-24T00:00:00Z: left',
      until: '2026-12-24T00:00:00.000Z',
      schemaVersion: 'v2',
      mode: 'enforce',
      policySetHash: 'ab'.repeat(32),
      handlerHash: baked({ policies: [{ ...bans, name: 'leavers' }] }).settings.handlerHash,
    })
  })

  it('has no policy in its dimensions where none leads', () => {
    const line = read(lineOf(logged({}, [])))
    expect(line).toMatchObject({ Decision: 'allow', OnErrors: 0 })
    expect(line).not.toHaveProperty('Policy')
    expect(JSON.stringify(line._aws)).not.toContain('Policy')
  })

  it('has ten of the policies that were unknown, and counts the request once', () => {
    const policies = Array.from({ length: 12 }, (_, index) => ({ ...bans, name: `leavers-${index}` }))
    const request = requestOf({ ...MALLORY, username: '', 'common-name': '' })
    const outcome = reviveDoor(baked({ policies }))(request, 'eu-central-1', NOON)
    const line = read(lineOf(logged({ request, outcome })))
    expect(line).toMatchObject({ Decision: 'allow', Unknown: 1, OnErrors: 0 })
    expect(line.unknown).toEqual(Array.from({ length: 10 }, (_, index) => `leavers-${index}: a name`))
  })

  it.each([
    [' left  \n', 'left  ?'],
    [' left ', 'left'],
    ['  ', '?'],
    ['Büro', 'B?ro'],
    ['a'.repeat(1025), 'a'.repeat(1024)],
  ])('has dimensions that CloudWatch accepts: %j', (name, dimension) => {
    expect(read(lineOf(logged({ functionName: name }, [{ ...bans, name }])))).toMatchObject({
      FunctionName: dimension,
      Policy: dimension,
      policy: name,
    })
  })

  it('has the error where nothing could be decided, and the fields that cannot be used', () => {
    const request = requestOf({ ...MALLORY, username: 'a'.repeat(255) })
    const outcome = { state: 'failed', error: new RangeError('the clock shows NaN') } as const
    expect(read(lineOf(logged({ outcome, request, at: Number.NaN })))).toMatchObject({
      _aws: { Timestamp: 0 },
      Decision: 'on-error',
      OnErrors: 1,
      error: 'RangeError: the clock shows NaN',
      onError: 'allow',
      doubts: ['username'],
    })
  })

  it('names nobody if the log of the daemon has pseudonyms', () => {
    const settings = { ...baked({}).settings, showNames: false }
    const failed = { state: 'failed', error: new Error('mallory was not found') } as const
    for (const line of [lineOf(logged({ settings })), lineOf(logged({ settings, outcome: failed }))]) {
      expect(line).not.toMatch(/mal|laptop|left/)
    }
    expect(read(lineOf(logged({ settings, outcome: failed })))).toMatchObject({ error: 'Error' })
  })

  it('has dimensions that CloudWatch takes, whatever the policy is called', () => {
    const line = read(lineOf(logged({}, [{ ...bans, name: 'Bürozeiten 🕗' }])))
    expect(line).toMatchObject({ Policy: 'B?rozeiten ??', policy: 'Bürozeiten 🕗' })
  })
})
