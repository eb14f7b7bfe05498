import { describe, expect, it } from 'vitest'
import type { DoorRules } from '../../src/domain/door/door-rules.ts'
import type { Baked } from '../../src/door/baked-rules.ts'
import { createHandler, type Host } from '../../src/door/handler.ts'
import { entry, NOON, policy } from '../domain/build.ts'
import { baked, MALLORY } from './rules.ts'

const CONTEXT = {
  functionName: 'AWSClientVPN-curfew',
  invokedFunctionArn: 'arn:aws:lambda:eu-central-1:111122223333:function:AWSClientVPN-curfew:live',
}

/** A handler, and the lines that it has written. */
const handlerWith = (rules: Baked, host: Partial<Host> = {}) => {
  const lines: Record<string, unknown>[] = []
  const handler = createHandler(rules, {
    now: () => NOON,
    elapsedMs: () => 0,
    region: undefined,
    write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>),
    ...host,
  })
  return { lines, ask: (event: unknown = MALLORY, context: unknown = CONTEXT) => handler(event, context) }
}

const made = (different: Partial<DoorRules> = {}) => handlerWith(baked(different))

const steps = (...all: readonly number[]) => {
  const left = [...all]
  return () => left.shift() ?? Number.NaN
}

const thrower = (): never => {
  throw new Error('it is broken')
}

const hostile = new Proxy({}, { get: thrower, has: thrower, ownKeys: thrower, getOwnPropertyDescriptor: thrower })

describe('the connect handler', () => {
  it('denies whom a policy would end at once, and lets everybody else in', async () => {
    const { ask, lines } = made()
    expect(await ask()).toMatchObject({ allow: false, 'schema-version': 'v2' })
    expect(await ask({ ...MALLORY, username: 'alice', 'schema-version': 'v1' })).toMatchObject({
      allow: true,
      'schema-version': 'v1',
    })
    expect(lines.map(({ Decision }) => Decision)).toEqual(['deny', 'allow'])
  })

  it('lets everybody in with mode audit, and logs who would be denied', async () => {
    const { ask, lines } = made({ mode: 'audit' })
    expect(await ask()).toMatchObject({ allow: true })
    expect(lines).toMatchObject([{ Decision: 'audit', Policy: 'banned-users', username: 'mallory' }])
  })

  it('marks the first answer of its process, and measures every one', async () => {
    const { ask, lines } = handlerWith(baked({}), { elapsedMs: steps(230, 231.5, 5000, 5000.25) })
    await ask()
    await ask()
    expect(lines).toMatchObject([{ DurationMs: 1.5, coldStartMs: 231.5 }, { DurationMs: 0.25 }])
    expect(lines[1]).not.toHaveProperty('coldStartMs')
  })

  it('knows its Region by the name of the function, else by the environment', async () => {
    const ofRegion = (region: string) => {
      const match = { users: undefined, endpoints: undefined, regions: [entry(region)] }
      return baked({ policies: [policy('banned-users', { users: ['mallory'] }, { match })] })
    }
    expect(await handlerWith(ofRegion('eu-central-1')).ask()).toMatchObject({ allow: false })
    expect(await handlerWith(ofRegion('us-east-1')).ask()).toMatchObject({ allow: true })
    const elsewhere = handlerWith(ofRegion('us-east-1'), { region: 'us-east-1' })
    expect(await elsewhere.ask(MALLORY, { functionName: 'local' })).toMatchObject({ allow: false })
  })

  it('decides the same where its log cannot be written', async () => {
    const { ask } = handlerWith(baked({ onError: 'allow' }), { write: thrower })
    expect(await ask()).toMatchObject({ allow: false })
    const { ask: askOther } = handlerWith(baked({ onError: 'deny' }), { write: thrower })
    expect(await askOther({ ...MALLORY, username: 'alice' })).toMatchObject({ allow: true })
  })

  it('answers a request that throws when it is read', async () => {
    expect(await made().ask(hostile)).toMatchObject({ allow: true, 'schema-version': 'v3' })
  })
})

describe.each(['allow', 'deny'] as const)('a connect handler that answers %s on an error', (onError) => {
  const allow = onError === 'allow'
  const rules = baked({ onError })

  it.each([
    ['rules that are no rules', { ...rules, rules: '[' }, {}],
    ['rules of another version', { ...rules, rules: rules.rules.replace('banned-users', 'lunch') }, {}],
    ['a clock without a time', rules, { now: () => Number.NaN }],
    ['a clock that throws', rules, { now: thrower }],
  ])('answers so with %s', async (_what, damaged, host) => {
    const { ask } = handlerWith(damaged, host)
    for (const version of ['v1', 'v2', 'v3']) {
      const answer = await ask({ ...MALLORY, 'schema-version': version })
      expect(answer).toMatchObject({ allow, 'posture-compliance-statuses': [] })
      expect(Object.keys(answer)).toHaveLength(4)
    }
  })

  it('denies only whom the other policies deny where Node does not know the time zone of one', async () => {
    const hours = { timeZone: 'Pacific/Kanton', allowed: [{ hours: '07:30-18:30' }] }
    const policies = [
      policy('off-hours', hours, { name: 'hours', mode: 'audit' }),
      policy('banned-users', { users: ['mallory'] }),
    ]
    const newer = baked({ onError, policies })
    const { ask, lines } = handlerWith({ ...newer, rules: newer.rules.replaceAll('Pacific/Kanton', 'Mars/Base') })
    expect(await ask()).toMatchObject({ allow: false })
    expect(await ask({ ...MALLORY, username: 'alice' })).toMatchObject({ allow: true })
    const failedPolicies = [expect.stringContaining('hours: RangeError: ')]
    expect(lines).toMatchObject([
      { Decision: 'deny', Policy: 'banned-users', OnErrors: 1, failedPolicies },
      { Decision: 'allow', OnErrors: 1, failedPolicies },
    ])
  })

  it('answers so with a context that throws, and logs the error', async () => {
    const { ask, lines } = handlerWith(rules)
    expect(await ask(MALLORY, hostile)).toMatchObject({ allow, 'schema-version': 'v2' })
    expect(lines).toMatchObject([{ Decision: 'on-error', OnErrors: 1, onError, error: 'Error: it is broken' }])
  })

  it('answers so to a request that cannot be judged, and logs why', async () => {
    const { ask, lines } = handlerWith(baked({ onError, showNames: false }))
    const { 'endpoint-id': endpointId, ...renamed } = MALLORY
    for (const event of [null, 5, {}, { ...renamed, endpoint: endpointId }]) {
      expect(await ask(event)).toMatchObject({ allow, 'posture-compliance-statuses': [] })
    }
    const error = expect.stringContaining('no text in the field "endpoint-id"') as unknown
    const line = { Decision: 'on-error', OnErrors: 1, Decisions: 1, Unknown: 0, onError, error }
    expect(lines).toMatchObject(Array.from({ length: 4 }, () => line))
  })

  it('logs with each request why its rules cannot be used', async () => {
    const { ask, lines } = handlerWith({ ...rules, rules: rules.rules.replace('banned-users', 'lunch') })
    await ask()
    await ask()
    const error = 'Error: the kind "lunch" is not known to this handler'
    expect(lines).toMatchObject(Array.from({ length: 2 }, () => ({ error, onError, username: 'mallory' })))
  })
})
