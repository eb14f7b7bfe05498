import { describe, it } from 'vitest'
import { DAY, HOUR, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { clockAt, workspace } from './curfew.ts'
import { expectGolden } from './golden.ts'
import { startOffice } from './office.ts'

// The whole output of the commands, for a reader. What each part of it means is tested elsewhere.

const NOW = Date.UTC(2026, 10, 23, 12)
const OFFICE = 'cvpn-endpoint-0123456789abcdef0'
const MACHINES = 'cvpn-endpoint-0123456789abcdef1'
const PARTNERS = 'cvpn-endpoint-0fedcba9876543210'

const CONFIG = `
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

const POLICIES = `
version: 1
policies:
  - { name: daily-reauthentication, kind: max-session-age, maxAge: 8h, grace: 15m }
  - { name: leavers, kind: banned-users, users: [mallory], guard: off }
  - { name: shorter-days, kind: max-session-age, maxAge: 6h, mode: audit, match: { users: ["*@corp.example"] } }
  - { name: two-at-a-time, kind: max-sessions, limit: 2, grace: 5m, match: { users: ["*@corp.example"] } }
`

const LONG_NAME = 'maximiliane.von-und-zu-hohenstein@subsidiary.corp.example'

/**
 * Three endpoints, and a folder in which the daemon has had these policies for a day. From then on no time passes.
 * `isBlind`: the third endpoint cannot be read.
 */
const startCompany = async ({ isBlind = false } = {}) => {
  const startedAt = Date.now()
  let clock = () => NOW - DAY + Date.now() - startedAt
  const company = await startOffice(
    {
      endpoints: [
        { id: OFFICE, name: 'office', region: 'eu-central-1', authentication: 'federated' },
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
  connect(PARTNERS, 'mallory', HOUR)
  connect(PARTNERS, 'Alice@corp.example', 8 * HOUR + 14 * MINUTE + 50 * SECOND)
  company.world.connect({ endpointId: MACHINES, commonName: 'build-01.corp.example', ageMs: 26 * HOUR })
  return {
    here,
    bob,
    env: { ...company.env, ...clockAt(NOW) },
    [Symbol.asyncDispose]: async () => {
      await company.close()
      await here[Symbol.asyncDispose]()
    },
  }
}

/** Compares the output of a command. `curfew.yaml` is its configuration. */
const expectShown = (
  { here, env }: Awaited<ReturnType<typeof startCompany>>,
  name: string,
  ...args: readonly string[]
) => expectGolden(name, here, [...args, '-c', 'curfew.yaml'], env)

describe('the whole output, at two widths,', () => {
  it('of the commands that read every endpoint', async () => {
    await using company = await startCompany()
    await expectShown(company, 'plan', 'plan')
    await expectShown(company, 'plan-audit', 'plan', '--mode', 'audit')
    await expectShown(company, 'connections', 'connections')
    await expectShown(company, 'explain-user', 'explain', '--user', 'ALICE@corp.example')
    await expectShown(company, 'explain-part', 'explain', '--connection', company.bob.slice(-6))
    await expectShown(company, 'explain-ambiguous', 'explain', '--connection', 'cvpn-connection-03')
    await expectShown(company, 'explain-nobody', 'explain', '--user', 'alice')
    await expectShown(company, 'explain-imagined', 'explain', '--imagine', '--user', 'frank@corp.example')
  })

  it('where an endpoint cannot be read', async () => {
    await using company = await startCompany({ isBlind: true })
    await expectShown(company, 'plan-blind', 'plan')
    await expectShown(company, 'connections-blind', 'connections')
    await expectShown(company, 'explain-blind', 'explain', '--user', 'mallory')
  })

  it('of a plan of an edit that the guard would hold', async () => {
    await using company = await startCompany()
    await company.here.write('edited/policies.yaml', POLICIES.replace('maxAge: 8h, grace: 15m', 'maxAge: 1h'))
    await expectShown(company, 'plan-against', 'plan', '--against', 'edited')
  })
})
