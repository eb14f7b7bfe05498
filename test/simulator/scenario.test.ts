import { describe, expect, it } from 'vitest'
import { HOUR, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { parseScenario } from '../../src/simulator/scenario-file.ts'

const problems = (text: string) => {
  const parsed = parseScenario(text)
  return 'problems' in parsed ? parsed.problems : []
}

const places = (text: string) => problems(text).map(({ line, column }) => `${line}:${column}`)

describe('a scenario file', () => {
  it('is read with its defaults', () => {
    const parsed = parseScenario(`
seed: 7
buckets: { terminate: { burst: 5, perSecond: 0.5 } }
deny: ["ec2:TerminateClientVpnConnections"]
faults:
  - { fault: throttle }
  - { fault: stale-list, percent: 2.5, actions: [DescribeClientVpnConnections], after: 1m, for: 30s, every: 5m }
endpoints:
  - id: cvpn-endpoint-0123456789abcdef0
    name: staff
    region: eu-central-1
    authentication: federated
    connections:
      - { username: alice@corp.example, age: 1h30m, posture: [compliant], reconnectAfter: 30s }
    clients:
      - { count: 5, name: "person{n}", ages: { from: 0s, to: 8h }, arrivalsPerMinute: 2, stay: { from: 1m, to: PT1H }, idle: true, reconnectAfter: never }
`)
    expect(parsed).toEqual({
      scenario: {
        seed: 7,
        account: '111122223333',
        roles: [],
        buckets: {
          describe: { burst: 100, perSecond: 20 },
          terminate: { burst: 5, perSecond: 0.5 },
          logs: { burst: 25, perSecond: 5 },
        },
        deny: ['ec2:TerminateClientVpnConnections'],
        faults: [
          { fault: 'throttle', percent: 100, after: 0 },
          {
            fault: 'stale-list',
            percent: 2.5,
            actions: ['DescribeClientVpnConnections'],
            after: MINUTE,
            for: 30 * SECOND,
            every: 5 * MINUTE,
          },
        ],
        endpoints: [
          {
            id: 'cvpn-endpoint-0123456789abcdef0',
            name: 'staff',
            region: 'eu-central-1',
            account: '111122223333',
            authentication: 'federated',
            tags: {},
            status: 'available',
            terminatingFor: 2 * SECOND,
            listedFor: HOUR,
            connections: [
              {
                username: 'alice@corp.example',
                age: 90 * MINUTE,
                idle: false,
                posture: ['compliant'],
                reconnectAfter: 30 * SECOND,
              },
            ],
            clients: [
              {
                count: 5,
                name: 'person{n}',
                ages: { from: 0, to: 8 * HOUR },
                arrivalsPerMinute: 2,
                stay: { from: MINUTE, to: HOUR },
                idle: true,
                posture: [],
                reconnectAfter: 'never',
              },
            ],
          },
        ],
      },
    })
  })

  it('reports every problem with its line and column', () => {
    const text = `seed: one
colour: red
endpoints:
  - id: vpn-1
    name: staff
    region: Frankfurt
    authentication: certificate
    terminatingFor: soon
    clients:
      - { name: "x{n}", ages: { from: 2h, to: 1h }, reconnectAfter: later }
  - id: cvpn-endpoint-0123456789abcdef0
    name: machines
    region: eu-central-1
    authentication: certificate
    connections:
      - { username: alice }
  - id: cvpn-endpoint-0123456789abcdef1
    name: contractors
    region: eu-central-1
    authentication: directory
    connections:
      - { commonName: dave }
`
    expect(places(text).sort()).toEqual(
      ['1:7', '2:1', '4:9', '6:13', '8:21', '10:31', '10:69', '16:9', '16:21', '22:9'].sort(),
    )
  })

  it('refuses an endpoint that is listed twice', () => {
    const endpoint = '{ id: cvpn-endpoint-0123456789abcdef0, name: a, region: eu-central-1, authentication: directory }'
    expect(places(`endpoints:\n  - ${endpoint}\n  - ${endpoint}\n`)).toEqual(['3:11'])
  })

  it.each([
    ['nothing', ''],
    ['no endpoint', 'endpoints: []'],
    [
      'an unknown authentication',
      'endpoints:\n  - { id: cvpn-endpoint-0123456789abcdef0, name: a, region: eu-central-1, authentication: saml }',
    ],
    ['no authentication', 'endpoints:\n  - { id: cvpn-endpoint-0123456789abcdef0, name: a, region: eu-central-1 }'],
    ['an unquoted pattern', 'endpoints:\n  - name: *@corp.example'],
    [
      'ages of a month',
      'endpoints:\n  - { id: cvpn-endpoint-0123456789abcdef0, name: a, region: eu-central-1, authentication: directory, clients: [{ name: x, ages: { from: 0s, to: 30d } }] }',
    ],
    ['broken YAML', 'endpoints: ['],
    ['a key twice', 'seed: 1\nseed: 2\nendpoints: []'],
    ['a tag', 'seed: !x 1\nendpoints: []'],
  ])('with %s is refused', (_, text) => {
    expect(problems(text)).not.toEqual([])
  })
})
