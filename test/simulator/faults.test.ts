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

const somebody = ({ world }: SimulatedAws) => world.connections(STAFF)[0]?.connectionId ?? ''

const ask = ({ url }: SimulatedAws) => post(url, { Action: 'DescribeClientVpnConnections', ClientVpnEndpointId: STAFF })

const statusesIn = (xml: string) => [...xml.matchAll(/<status><code>([^<]+)/g)].map(([, code]) => code)

describe('an answer in the place of AWS', () => {
  it.each<[FaultKind, string]>([
    ['throttle', 'RequestLimitExceeded 503'],
    ['internal-error', 'InternalError 500'],
    ['unavailable', 'Unavailable 503'],
    ['denied', 'UnauthorizedOperation 403'],
    ['expired-credentials', 'RequestExpired 400'],
  ])('%s is AWS’s own error %s, and nothing is done', async (fault, error) => {
    const aws = await faultyAws({ fault })
    expect(await refusal(list(aws))).toBe(error)
    expect(await refusal(end(aws, somebody(aws)))).toBe(error)
    expect(aws.world.status(somebody(aws))).toBe('active')
    expect(aws.requests.map((request) => request.fault)).toEqual([fault, fault])
  })

  it.each<[FaultKind, number, string]>([
    ['empty', 200, ''],
    ['garbage', 200, '%PDF'],
    ['login-page', 200, '<title>Sign in</title>'],
    ['proxy-error', 502, '<!DOCTYPE html>'],
    ['error-in-success', 200, '<Code>InternalError</Code>'],
  ])('%s has status %i and says %j', async (fault, status, text) => {
    const aws = await faultyAws({ fault })
    const answer = await ask(aws)
    const body = await answer.text()
    expect([answer.status, body.includes(text), body === '']).toEqual([status, true, text === ''])
    await end(aws, somebody(aws)).catch(() => {})
    expect(aws.world.status(somebody(aws))).toBe('active')
  })
})

describe('an answer that does not arrive as it was given', () => {
  const cut = async (fault: FaultKind) => {
    const aws = await faultyAws({ fault })
    const id = somebody(aws)
    const recorded = new Promise((resolve) => aws.onRequest(resolve))
    const giveUp = new AbortController()
    const asked = post(
      aws.url,
      { Action: 'TerminateClientVpnConnections', ClientVpnEndpointId: STAFF, ConnectionId: id },
      {},
      giveUp.signal,
    ).then(async (answer) => {
      let text = ''
      try {
        for await (const chunk of answer.body ?? []) {
          text += Buffer.from(chunk).toString()
          if (fault === 'stall') giveUp.abort()
        }
      } catch {
        return `${text}…`
      }
      return text
    })
    void asked.catch(() => {})
    await recorded
    if (fault === 'hang' || fault === 'answer-lost') giveUp.abort()
    return { told: await asked.catch(() => 'nothing'), status: aws.world.status(id) }
  }

  it.each<[FaultKind, RegExp, string]>([
    ['reset', /^nothing$/, 'active'],
    ['hang', /^nothing$/, 'active'],
    ['answer-lost', /^nothing$/, 'terminating'],
    ['stall', /^<\?xml.*TerminateClientVpnConnectionsResponse.*[^>]…$/s, 'terminating'],
    ['truncated', /^<\?xml.*<TerminateClientVpnConnectionsResponse((?!<\/Terminate).)*$/s, 'terminating'],
    ['wrong-root', /<SomethingElseResponse .*<\/SomethingElseResponse>$/s, 'terminating'],
  ])('%s: what is told, and what has become of the connection', async (fault, told, status) => {
    const seen = await cut(fault)
    expect(seen.told).toMatch(told)
    expect(seen.status).toBe(status)
  })

  it('has the wrong date, by ten minutes or as far as it says', async () => {
    const dateOf = async (...faults: Faults) => {
      const aws = await faultyAws(...faults)
      return Date.parse((await ask(aws)).headers.get('date') ?? '') - aws.clock.now
    }
    expect(await dateOf()).toBe(0)
    expect(await dateOf({ fault: 'wrong-date' })).toBe(10 * MINUTE)
    expect(await dateOf({ fault: 'wrong-date', by: '90s' })).toBe(90 * SECOND)
  })
})

describe('a list that is not as it should be', () => {
  it('repeats a token, so that its pages have no end', async () => {
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

  it('shows for twenty seconds what was cut, or went, as active', async () => {
    const aws = await faultyAws({ fault: 'stale-list' })
    await end(aws, somebody(aws))
    const shown = async () => statusesIn(await (await ask(aws)).text())[0]
    aws.clock.now += 20 * SECOND - 1
    expect(await shown()).toBe('active')
    aws.clock.now += 1
    expect(await shown()).toBe('terminated')
  })
})

describe('a termination', () => {
  it('is promised, and nothing happens', async () => {
    const aws = await faultyAws({ fault: 'lie' })
    const answer = await end(aws, somebody(aws))
    expect(answer.ConnectionStatuses?.[0]?.CurrentStatus?.Code).toBe('terminating')
    aws.clock.now += HOUR
    expect(aws.world.status(somebody(aws))).toBe('active')
  })

  it('fails in the end; the connection goes on and can be ended once more', async () => {
    const aws = await faultyAws({ fault: 'failed-to-terminate', for: '1m' })
    const id = somebody(aws)
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

  it('that fails does not bring back who went home meanwhile', async () => {
    const aws = await simulateAws([staff({ connections: [{ username: 'alice', leavesAfter: '1s' }] })], {
      scenario: { faults: [{ fault: 'failed-to-terminate' }] },
    })
    const id = somebody(aws)
    await end(aws, id)
    aws.clock.now += 2 * SECOND
    expect(aws.world.status(id)).toBe('terminated')
  })
})

describe('another tool', () => {
  it('has drained the bucket of the account, which fills again', async () => {
    const aws = await faultyAws({ fault: 'other-tool', for: '1s' })
    expect(await refusal(list(aws))).toBe('RequestLimitExceeded 503')
    aws.clock.now += 2 * SECOND
    const answers = await Promise.allSettled(Array.from({ length: 60 }, () => list(aws)))
    // 20 a second came back.
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(40)
  })
})

describe('when faults strike', () => {
  const strikesAt = async (seconds: readonly number[], ...faults: Faults) => {
    const aws = await faultyAws(...faults)
    const start = aws.clock.now
    const struck = []
    for (const second of seconds) {
      aws.clock.now = start + second * SECOND
      await ask(aws)
      if (aws.requests.at(-1)?.fault !== undefined) struck.push(second)
    }
    return struck
  }

  it('they begin, last and come back as they say', async () => {
    const fault = { fault: 'throttle', after: '10s', for: '5s', every: '30s' } as const
    expect(await strikesAt([0, 9, 10, 14, 15, 39, 40, 44, 45, 70], fault)).toEqual([10, 14, 40, 44, 70])
    expect(await strikesAt([0, 9, 10, 900], { fault: 'throttle', after: '10s' })).toEqual([10, 900])
    expect(await strikesAt([0, 4, 5], { fault: 'throttle', for: '5s' })).toEqual([0, 4])
  })

  it('they strike their actions alone, and never STS', async () => {
    const aws = await faultyAws({ fault: 'throttle', actions: ['DescribeClientVpnConnections'] }, { fault: 'lie' })
    expect(await refusal(list(aws))).toBe('RequestLimitExceeded 503')
    expect((await aws.client.send(new DescribeClientVpnEndpointsCommand())).ClientVpnEndpoints).toHaveLength(1)
    await end(aws, somebody(aws))
    await post(aws.url, { Action: 'GetCallerIdentity' }, { authorization: '' })
    expect(aws.requests.map(({ fault }) => fault)).toEqual(['throttle', undefined, 'lie', undefined])
  })

  it('the same seed strikes the same requests, in about the share that was asked for', async () => {
    const struck = async (seed: number) => {
      const aws = await simulateAws([staff()], { seed, scenario: { faults: [{ fault: 'throttle', percent: 20 }] } })
      for (let asked = 0; asked < 200; asked++) await ask(aws)
      return aws.requests.map(({ fault }) => fault === 'throttle')
    }
    const [one, again, other] = [await struck(1), await struck(1), await struck(2)]
    expect(again).toEqual(one)
    expect(other).not.toEqual(one)
    const share = one.filter(Boolean).length / one.length
    expect(share).toBeGreaterThan(0.1)
    expect(share).toBeLessThan(0.3)
  })

  it('they can be switched off and on', async () => {
    const aws = await faultyAws({ fault: 'throttle' })
    aws.setFaults([])
    expect((await list(aws)).Connections).toHaveLength(5)
    aws.setFaults(faultMixture.map((fault) => ({ ...fault, fault: 'unavailable', percent: 100, actions: undefined })))
    expect(await refusal(list(aws))).toBe('Unavailable 503')
  })
})

describe('what is written', () => {
  it('the mixture has a little of every kind', () => {
    expect(new Set(faultMixture.map(({ fault }) => fault))).toEqual(new Set(FAULT_KINDS))
  })

  it('in words: a kind, or a kind and its per cent', () => {
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
  ])('%j is refused: %s', (text, message) => {
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
    ['{ fault: reset, by: 5m }', '"by" goes with wrong-date alone'],
    ['{ fault: reset, actions: [] }', 'the list is empty'],
    ['{ fault: lie, actions: [DescribeClientVpnConnections] }', 'only TerminateClientVpnConnections'],
  ])('%s in a file is refused at its line: %s', (fault, message) => {
    const parsed = parseFaults(`faults:\n  - ${fault}\n`, 'f.yaml')
    const [problem] = 'problems' in parsed ? parsed.problems : []
    expect(problem).toMatchObject({ file: 'f.yaml', line: 2 })
    expect(problem?.message).toContain(message)
  })
})
