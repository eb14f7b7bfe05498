import { DAY, HOUR, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { clockAt, workspace } from './curfew.ts'
import { OFFICE, startOffice } from './office.ts'

/** No time passes for the commands: it is always this instant. */
export const NOW = Date.UTC(2026, 10, 23, 12)

const MACHINES = 'cvpn-endpoint-0123456789abcdef1'
export const PARTNERS = 'cvpn-endpoint-0fedcba9876543210'

export const CONFIG = `
version: 1
policies: [./policies.yaml]
watch:
  - region: eu-central-1
    endpoints: [{ id: ${OFFICE}, name: office }, { id: ${MACHINES}, name: machines }]
  - region: us-east-1
    endpoints: [{ id: ${PARTNERS}, name: partners }]
protect: { users: [break-glass] }
guard: { maxPercent: 25, minConnections: 2 }
mode: enforce
`

export const POLICIES = `
version: 1
policies:
  - { name: daily-reauthentication, kind: max-session-age, maxAge: 8h, grace: 15m }
  - { name: leavers, kind: banned-users, users: [mallory], guard: off }
  - { name: shorter-days, kind: max-session-age, maxAge: 6h, mode: audit, match: { users: ["*@corp.example"] } }
  - { name: two-at-a-time, kind: max-sessions, limit: 2, grace: 5m, match: { users: ["*@corp.example"] } }
`

const LONG_NAME = 'maximiliane.von-und-zu-hohenstein@subsidiary.corp.example'

/**
 * Three endpoints, their connections, and a folder in which the daemon has had these policies for a day. `isBlind`: the
 * third endpoint cannot be read.
 */
export const startCompany = async ({ isBlind = false } = {}) => {
  const startedAt = Date.now()
  let clock = () => NOW - DAY + Date.now() - startedAt
  const company = await startOffice(
    {
      endpoints: [
        {
          id: OFFICE,
          name: 'office',
          region: 'eu-central-1',
          authentication: 'federated',
          tags: { env: 'prod' },
        },
        { id: MACHINES, name: 'machines', region: 'eu-central-1', authentication: 'certificate' },
        { id: PARTNERS, name: 'partners', region: 'us-east-1', authentication: 'directory' },
      ],
    },
    {
      now: () => clock(),
      intercept: ({ region, action }) =>
        isBlind && clock() === NOW && region === 'us-east-1' && action.startsWith('Describe')
          ? { status: 503, body: '<html>no</html>' }
          : undefined,
    },
  )
  const here = await workspace({ 'curfew.yaml': CONFIG, 'policies.yaml': POLICIES })
  await here.run(['run', '--once', '-c', 'curfew.yaml'], { ...company.env, ...clockAt(NOW - DAY, 'runs') })
  clock = () => NOW
  const connect = (endpointId: string, username: string, ageMs: number) =>
    company.world.connect({ endpointId, username, ageMs })
  connect(OFFICE, 'alice@corp.example', 2 * HOUR + 12 * MINUTE + 5 * SECOND)
  const bob = connect(OFFICE, 'bob@corp.example', 9 * HOUR)
  connect(OFFICE, 'carol@corp.example', 8 * HOUR + 5 * MINUTE)
  connect(OFFICE, 'break-glass', 31 * HOUR)
  connect(OFFICE, 'erin@corp.example', 7 * HOUR)
  connect(OFFICE, LONG_NAME, 20 * MINUTE)
  for (const minutes of [90, 60, 2]) connect(OFFICE, 'dave@corp.example', minutes * MINUTE)
  const mallory = connect(PARTNERS, 'mallory', HOUR)
  const alice = connect(PARTNERS, 'Alice@corp.example', 8 * HOUR + 14 * MINUTE + 50 * SECOND)
  connect(PARTNERS, 'CORP\\mallory', 3 * HOUR)
  company.world.connect({ endpointId: MACHINES, commonName: 'build-01.corp.example', ageMs: 26 * HOUR })
  return {
    world: company.world,
    here,
    /** The environment of the commands. */
    env: { ...company.env, ...clockAt(NOW) },
    connect,
    ids: { bob, mallory, alice },
    [Symbol.asyncDispose]: async () => {
      await company.close()
      await here[Symbol.asyncDispose]()
    },
  }
}
