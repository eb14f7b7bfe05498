import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseScenario } from '../../src/simulator/scenario-file.ts'
import { mutilated } from '../config/mutilated.ts'
import { expectInside } from '../config/problem-places.ts'
import { fuzzRuns } from '../fuzz-runs.ts'

/** A scenario with every key. */
const GOOD = `seed: 7
account: "111122223333"
buckets:
  describe: { burst: 100, perSecond: 20 }
  terminate: { burst: 5, perSecond: 0.5 }
deny: [ec2:DescribeClientVpnEndpoints]
roles:
  - { arn: "arn:aws:iam::111122223333:role/curfew", externalId: curfew, deny: [sts:AssumeRole] }
endpoints:
  - id: cvpn-endpoint-0123456789abcdef0
    name: office
    description: All staff
    region: eu-central-1
    authentication: federated
    tags: { vpn-policy: enforced }
    terminatingFor: 1s
    connections:
      - { username: alice, age: 9h, idle: true, posture: [compliant], reconnectAfter: never }
      - { username: bob, commonName: laptop, leavesAfter: 5m, reconnectAfter: 3s }
    clients:
      - { count: 20, name: "ext-{n}", ages: { from: 1h, to: 2h }, arrivalsPerMinute: 1.5, stay: { from: 1m, to: 2h } }
  - { id: cvpn-endpoint-0123456789abcdef1, name: plant, region: us-east-1, authentication: certificate, status: pending }
`

describe('a damaged scenario', () => {
  it('is parsed without a throw, and every problem has a place inside its file', () => {
    const counts = { valid: 0, invalid: 0 }
    fc.assert(
      fc.property(mutilated(GOOD), (bytes) => {
        // The parser of a scenario takes a text, not bytes.
        const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
        const parsed = parseScenario(text)
        if ('scenario' in parsed) {
          counts.valid++
          expect(parseScenario(text)).toEqual(parsed)
          return
        }
        counts.invalid++
        expect(parsed.problems.length).toBeGreaterThan(0)
        expectInside(parsed.problems, { 'scenario.yaml': text })
      }),
      { numRuns: fuzzRuns(300) },
    )
    expect(counts.valid).toBeGreaterThan(0)
    expect(counts.invalid).toBeGreaterThan(0)
  })
})
