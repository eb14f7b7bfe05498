import {
  DescribeClientVpnConnectionsCommand,
  type DescribeClientVpnConnectionsCommandOutput,
  DescribeClientVpnEndpointsCommand,
  TerminateClientVpnConnectionsCommand,
} from '@aws-sdk/client-ec2'
import { describe, expect, it } from 'vitest'
import { HOUR, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { FAULT_KINDS, type FaultKind } from '../../src/simulator/fault-kinds.ts'
import { faultMixture } from '../../src/simulator/fault-mixture.ts'
import { parseFaultWords } from '../../src/simulator/fault-words.ts'
import type { ScenarioInput } from '../../src/simulator/scenario.ts'
import { parseFaults } from '../../src/simulator/scenario-file.ts'
import { post, refusal, type SimulatedAws, STAFF, simulateAws, staff } from './simulated-aws.ts'

type Faults = NonNullable<ScenarioInput['faults']>

const PEOPLE = 12

const faultyAws = (...faults: Faults) =>
  simulateAws([staff({ clients: [{ count: PEOPLE, name: 'person-{n}', ages: { from: '1m', to: '2h' } }] })], {
    scenario: { faults },
  })

const list = ({ client }: SimulatedAws, NextToken?: string): Promise<DescribeClientVpnConnectionsCommandOutput> =>
  client.send(new DescribeClientVpnConnectionsCommand({ ClientVpnEndpointId: STAFF, MaxResults: 5, NextToken }))

const end = ({ client }: SimulatedAws, ConnectionId: string) =>
  client.send(new TerminateClientVpnConnectionsCommand({ ClientVpnEndpointId: STAFF, ConnectionId }))

const firstId = ({ world }: SimulatedAws) => world.connections(STAFF)[0]?.connectionId ?? ''

const ask = ({ url }: SimulatedAws) => post(url, { Action: 'DescribeClientVpnConnections', ClientVpnEndpointId: STAFF })

const statusesIn = (xml: string) => [...xml.matchAll(/<status><code>([^<]+)/g)].map(([, code]) => code)

describe('an answer that replaces AWS’s own', () => {
  it.each<[FaultKind, string]>([
    ['throttle', 'RequestLimitExceeded 503'],
    ['internal-error', 'InternalError 500'],
    ['unavailable', 'Unavailable 503'],
    ['denied', 'UnauthorizedOperation 403'],
    ['expired-credentials', 'RequestExpired 400'],
  ])('of the fault %s is AWS’s error %s, and the request has no effect', async (fault, error) => {
    const aws = await faultyAws({ fault })
    expect(await refusal(list(aws))).toBe(error)
    expect(await refusal(end(aws, firstId(aws)))).toBe(error)
    expect(aws.world.status(firstId(aws))).toBe('active')
    expect(aws.requests.map((request) => request.fault)).toEqual([fault, fault])
  })

  it.each<[FaultKind, number, string]>([
    ['empty', 200, ''],
    ['garbage', 200, '%PDF'],
    ['login-page', 200, '<title>Sign in</title>'],
    ['proxy-error', 502, '<!DOCTYPE html>'],
    ['error-in-success', 200, '<Code>InternalError</Code>'],
  ])('of the fault %s has the status %i and contains %j', async (fault, status, text) => {
    const aws = await faultyAws({ fault })
    const answer = await ask(aws)
    const body = await answer.text()
    expect([answer.status, body.includes(text), body === '']).toEqual([status, true, text === ''])
    await end(aws, firstId(aws)).catch(() => {})
    expect(aws.world.status(firstId(aws))).toBe('active')
  })
})

describe('an answer that is lost or changed on the way', () => {
  /** Terminates a connection under a fault; returns the text that arrived and the connection's status. */
  const terminateUnder = async (fault: FaultKind) => {
    const aws = await faultyAws({ fault })
    const id = firstId(aws)
    const recorded = new Promise((resolve) => aws.onRequest(resolve))
    const giveUp = new AbortController()
    const answer = post(
      aws.url,
      { Action: 'TerminateClientVpnConnections', ClientVpnEndpointId: STAFF, ConnectionId: id },
      {},
      giveUp.signal,
    ).then(async ({ body }) => {
      let text = ''
      try {
        for await (const chunk of body ?? []) {
          text += Buffer.from(chunk).toString()
          if (fault === 'stall') giveUp.abort()
        }
      } catch {
        return `${text}…`
      }
      return text
    })
    void answer.catch(() => {})
    await recorded
    if (fault === 'hang' || fault === 'answer-lost') giveUp.abort()
    return { text: await answer.catch(() => 'nothing'), status: aws.world.status(id) }
  }

  it.each<[FaultKind, RegExp, string]>([
    ['reset', /^nothing$/, 'active'],
    ['hang', /^nothing$/, 'active'],
    ['answer-lost', /^nothing$/, 'terminating'],
    ['stall', /^<\?xml.*TerminateClientVpnConnectionsResponse.*[^>]…$/s, 'terminating'],
    ['truncated', /^<\?xml.*<TerminateClientVpnConnectionsResponse((?!<\/Terminate).)*$/s, 'terminating'],
    ['wrong-root', /<SomethingElseResponse .*<\/SomethingElseResponse>$/s, 'terminating'],
  ])('of the fault %s arrives as %s, and the connection is %s', async (fault, text, status) => {
    const result = await terminateUnder(fault)
    expect(result.text).toMatch(text)
    expect(result.status).toBe(status)
  })

  it('has a date that is wrong by ten minutes, or by the duration in "by"', async () => {
    const dateOf = async (...faults: Faults) => {
      const aws = await faultyAws(...faults)
      return Date.parse((await ask(aws)).headers.get('date') ?? '') - aws.clock.now
    }
    expect(await dateOf()).toBe(0)
    expect(await dateOf({ fault: 'wrong-date' })).toBe(10 * MINUTE)
    expect(await dateOf({ fault: 'wrong-date', by: '90s' })).toBe(90 * SECOND)
  })
})

describe('a faulty list', () => {
  it('repeats a token, so that its pages never end', async () => {
    const aws = await faultyAws({ fault: 'repeated-token' })
    const { NextToken: token } = await list(aws)
    expect((await list(aws, token)).NextToken).toBe(token)
  })

  it('repeats rows', async () => {
    const aws = await faultyAws({ fault: 'duplicate-rows' })
    const rows = (await list(aws)).Connections ?? []
    expect(rows).toHaveLength(8)
    expect(new Set(rows.map(({ ConnectionId }) => ConnectionId)).size).toBe(5)
  })

  it('shows a terminated connection as active for twenty seconds', async () => {
    const aws = await faultyAws({ fault: 'stale-list' })
    await end(aws, firstId(aws))
    const shown = async () => statusesIn(await (await ask(aws)).text())[0]
    aws.clock.now += 20 * SECOND - 1
    expect(await shown()).toBe('active')
    aws.clock.now += 1
    expect(await shown()).toBe('terminated')
  })
})

describe('a faulty filter', () => {
  const some = async (fault: FaultKind, count: number) => {
    const aws = await faultyAws({ fault })
    const Values = aws.world
      .connections(STAFF)
      .slice(0, count)
      .map(({ connectionId }) => connectionId)
    const Filters = [{ Name: 'connection-id', Values }]
    const found = aws.client.send(new DescribeClientVpnConnectionsCommand({ ClientVpnEndpointId: STAFF, Filters }))
    return { aws, Values, found, ids: async () => (await found).Connections?.map(({ ConnectionId }) => ConnectionId) }
  }

  it('is refused, and a list without one is not', async () => {
    const { aws, found } = await some('filter-refused', 3)
    expect(await refusal(found)).toBe('InvalidParameterValue 400')
    expect((await list(aws)).Connections).toHaveLength(5)
  })

  it('is ignored', async () => {
    expect(await (await some('filter-ignored', 3)).ids()).toHaveLength(PEOPLE)
  })

  it('loses the second half of its values', async () => {
    const { Values, ids } = await some('filter-lossy', 5)
    expect(await ids()).toEqual(Values.slice(0, 2))
  })
})

describe('a faulty termination', () => {
  it('is answered with "terminating" and has no effect', async () => {
    const aws = await faultyAws({ fault: 'lie' })
    const answer = await end(aws, firstId(aws))
    expect(answer.ConnectionStatuses?.[0]?.CurrentStatus?.Code).toBe('terminating')
    aws.clock.now += HOUR
    expect(aws.world.status(firstId(aws))).toBe('active')
  })

  it('fails after a while: the connection continues and can be terminated again', async () => {
    const aws = await faultyAws({ fault: 'failed-to-terminate', for: '1m' })
    const id = firstId(aws)
    const before = aws.world.connections(STAFF)[0]?.ingressBytes ?? 0
    await end(aws, id)
    expect(aws.world.status(id)).toBe('terminating')
    aws.clock.now += 2 * SECOND
    expect(aws.world.status(id)).toBe('failed-to-terminate')
    aws.clock.now += MINUTE
    expect(aws.world.connections(STAFF)[0]?.ingressBytes).toBeGreaterThan(before)
    await end(aws, id)
    aws.clock.now += 2 * SECOND
    expect(aws.world.status(id)).toBe('terminated')
  })

  it('does not bring back a client that has left in the meantime', async () => {
    const aws = await simulateAws([staff({ connections: [{ username: 'alice', leavesAfter: '1s' }] })], {
      scenario: { faults: [{ fault: 'failed-to-terminate' }] },
    })
    const id = firstId(aws)
    await end(aws, id)
    aws.clock.now += 2 * SECOND
    expect(aws.world.status(id)).toBe('terminated')
  })
})

describe('another tool', () => {
  it('drains the bucket of the account, which refills', async () => {
    const aws = await faultyAws({ fault: 'other-tool', for: '1s' })
    expect(await refusal(list(aws))).toBe('RequestLimitExceeded 503')
    aws.clock.now += 2 * SECOND
    const answers = await Promise.allSettled(Array.from({ length: 60 }, () => list(aws)))
    // The bucket has refilled for two seconds at 20 per second.
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(40)
  })
})

describe('the faults of a scenario', () => {
  const faultySeconds = async (seconds: readonly number[], ...faults: Faults) => {
    const aws = await faultyAws(...faults)
    const start = aws.clock.now
    const faulty = []
    for (const second of seconds) {
      aws.clock.now = start + second * SECOND
      await ask(aws)
      if (aws.requests.at(-1)?.fault !== undefined) faulty.push(second)
    }
    return faulty
  }

  it('follow "after", "for" and "every"', async () => {
    const fault = { fault: 'throttle', after: '10s', for: '5s', every: '30s' } as const
    expect(await faultySeconds([0, 9, 10, 14, 15, 39, 40, 44, 45, 70], fault)).toEqual([10, 14, 40, 44, 70])
    expect(await faultySeconds([0, 9, 10, 900], { fault: 'throttle', after: '10s' })).toEqual([10, 900])
    expect(await faultySeconds([0, 4, 5], { fault: 'throttle', for: '5s' })).toEqual([0, 4])
  })

  it('apply neither to other actions nor to STS', async () => {
    const aws = await faultyAws({ fault: 'throttle', actions: ['DescribeClientVpnConnections'] }, { fault: 'lie' })
    expect(await refusal(list(aws))).toBe('RequestLimitExceeded 503')
    expect((await aws.client.send(new DescribeClientVpnEndpointsCommand())).ClientVpnEndpoints).toHaveLength(1)
    await end(aws, firstId(aws))
    await post(aws.url, { Action: 'GetCallerIdentity' }, { authorization: '' })
    expect(aws.requests.map(({ fault }) => fault)).toEqual(['throttle', undefined, 'lie', undefined])
  })

  it('are the same for the same seed, at about the configured percentage', async () => {
    const faultyRequests = async (seed: number) => {
      const aws = await simulateAws([staff()], { seed, scenario: { faults: [{ fault: 'throttle', percent: 20 }] } })
      for (let asked = 0; asked < 200; asked++) await ask(aws)
      return aws.requests.map(({ fault }) => fault === 'throttle')
    }
    const [one, again, other] = [await faultyRequests(1), await faultyRequests(1), await faultyRequests(2)]
    expect(again).toEqual(one)
    expect(other).not.toEqual(one)
    const share = one.filter(Boolean).length / one.length
    expect(share).toBeGreaterThan(0.1)
    expect(share).toBeLessThan(0.3)
  })

  it('end and begin when the list of faults is replaced', async () => {
    const aws = await faultyAws({ fault: 'throttle' })
    aws.setFaults([])
    expect((await list(aws)).Connections).toHaveLength(5)
    aws.setFaults(faultMixture.map((fault) => ({ ...fault, fault: 'unavailable', percent: 100, actions: undefined })))
    expect(await refusal(list(aws))).toBe('Unavailable 503')
  })
})

describe('the notation of faults', () => {
  it('has a mixture with every kind', () => {
    expect(new Set(faultMixture.map(({ fault }) => fault))).toEqual(new Set(FAULT_KINDS))
  })

  it('has a short form: a kind, or a kind and its percentage', () => {
    const parsed = parseFaultWords('throttle=2.5,reset')
    expect(parsed).toMatchObject({
      faults: [
        { fault: 'throttle', percent: 2.5 },
        { fault: 'reset', percent: 100 },
      ],
    })
  })

  it.each([
    ['throtle=5', 'did you mean "throttle"?'],
    ['nonsense', 'unknown fault "nonsense"'],
    ['', 'unknown fault ""'],
    ['reset,', 'unknown fault ""'],
    ['reset=', 'found ""'],
    ['reset=0', 'found "0"'],
    ['reset=101', 'found "101"'],
    ['reset=5%', 'found "5%"'],
    ['reset=1e1', 'found "1e1"'],
  ])('refuses %j: %s', (text, message) => {
    const parsed = parseFaultWords(text)
    expect('problem' in parsed && parsed.problem).toContain(message)
  })

  it.each([
    ['{ fault: nap }', 'fault is nap, expected one of throttle,'],
    ['{ fault: reset, percent: 0 }', '0 is too small'],
    ['{ fault: reset, percent: 101 }', '101 is too large'],
    ['{ fault: reset, fro: 5s }', 'unknown key "fro"'],
    ['{ fault: reset, for: soon }', '"soon" is not a duration'],
    ['{ fault: reset, every: 5m }', '"every" needs a "for"'],
    ['{ fault: reset, for: 5m, every: 5m }', '"every" must be longer than "for"'],
    ['{ fault: reset, by: 5m }', '"by" is valid only for the fault wrong-date'],
    ['{ fault: reset, actions: [] }', 'the list is empty'],
    ['{ fault: lie, actions: [DescribeClientVpnConnections] }', 'only to TerminateClientVpnConnections'],
  ])('refuses %s in a file, with its line: %s', (fault, message) => {
    const parsed = parseFaults(`faults:\n  - ${fault}\n`, 'f.yaml')
    const [problem] = 'problems' in parsed ? parsed.problems : []
    expect(problem).toMatchObject({ file: 'f.yaml', line: 2 })
    expect(problem?.message).toContain(message)
  })
})
