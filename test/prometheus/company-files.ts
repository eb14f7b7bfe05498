import type { ScenarioInput } from '../../src/simulator/scenario.ts'

const endpointId = (digit: number) => `cvpn-endpoint-0123456789abcdef${digit}`

export const BERLIN = endpointId(1)
export const MUNICH = endpointId(2)
export const VIRGINIA = endpointId(3)
export const LISBON = endpointId(4)
export const LAB = endpointId(5)

const endpoint = (
  id: string,
  name: string,
  region: string,
  more: Partial<ScenarioInput['endpoints'][number]> = {},
): ScenarioInput['endpoints'][number] => ({
  id,
  name,
  region,
  authentication: 'federated',
  terminatingFor: '1s',
  clients: [{ count: 8, name: `${name}-{n}@corp.example`, ages: { from: '1m', to: '3h' } }],
  ...more,
})

/** The simulated endpoints and connections. */
export const scenario: Partial<ScenarioInput> = {
  endpoints: [
    endpoint(BERLIN, 'berlin', 'eu-central-1', { authentication: 'directory' }),
    endpoint(MUNICH, 'munich', 'eu-central-1', {
      clients: [{ count: 12, name: 'long-{n}@corp.example', ages: { from: '5h', to: '5h' } }],
    }),
    endpoint(LAB, 'lab', 'eu-central-1'),
    endpoint(VIRGINIA, 'virginia', 'us-east-1'),
    endpoint(LISBON, 'lisbon', 'eu-west-1'),
  ],
}

const common = `
version: 1
mode: enforce
policies: [./policies.yaml]
protect: { users: [break-glass@corp.example] }
poll: { schedule: "* * * * * *", minGap: 1s, staleAfter: 10s, requestTimeout: 5s, rate: { burst: 100, perSecond: 20 } }
server: { port: 0 }
`

/** An edit makes `daily` stricter. The other policies cover every kind, in enforce or in audit. */
const policies = (maxAge: string) => `
version: 1
policies:
  - { name: daily, kind: max-session-age, maxAge: ${maxAge}, warn: [5s], cooldown: 1s }
  - { name: leavers, kind: banned-users, users: ["mallory-*"], guard: off }
  - { name: closing, kind: off-hours, timeZone: UTC, denied: [{ days: mon-sun }], match: { users: ["ext-*"] } }
  - { name: idle, kind: idle-timeout, after: 5s, below: 1KiB, mode: audit }
  - { name: two-devices, kind: max-sessions, limit: 2, mode: audit }
  - { name: heavy, kind: max-transfer, total: 100MiB, mode: audit }
  - { name: managed, kind: posture, require: [compliant], match: { users: ["byod-*"] }, mode: audit }
`

export const headFiles = (spec: {
  readonly pager: string
  readonly chat: string
  readonly maxAge: string
  readonly watchLab: boolean
  /** The trail is kept in PostgreSQL. */
  readonly replicated: boolean
}) => ({
  'curfew.yaml': `${common}${spec.replicated ? 'engine: { kind: postgres, url: { env: CURFEW_DATABASE_URL }, tls: off }' : ''}
termination: { verifyWithin: 5s, attempts: 2 }
watch:
  - { region: us-east-1, endpoints: [{ id: ${VIRGINIA}, name: virginia }] }
  - region: eu-central-1
    endpoints:
      - { id: ${BERLIN}, name: berlin }
      - { id: ${MUNICH}, name: munich }
${spec.watchLab ? `      - { id: ${LAB}, name: lab }` : ''}
notify:
  - { name: pager, webhook: "${spec.pager}" }
  - { name: chat, webhook: "${spec.chat}" }
`,
  'policies.yaml': policies(spec.maxAge),
})

export const branchFiles = {
  'curfew.yaml': `${common}
termination: { rate: { burst: 1, perSecond: 0.01 } }
watch: [{ region: eu-west-1, endpoints: [{ id: ${LISBON}, name: lisbon }] }]
`,
  'policies.yaml': `
version: 1
policies: [{ name: daily, kind: max-session-age, maxAge: 8h, guard: off }]
`,
}
