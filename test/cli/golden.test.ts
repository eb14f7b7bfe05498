import { describe, it } from 'vitest'
import { HOUR, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { CONFIG, NOW, PARTNERS, POLICIES, startCompany } from './company.ts'
import { clockAt, workspace } from './curfew.ts'
import { expectGolden } from './golden.ts'
import { changeKept, terminationOf } from './kept-state.ts'
import { OFFICE } from './office.ts'

// The whole output of the commands, for a reader. What each part of it means is tested elsewhere.

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
    await expectShown(company, 'explain-part', 'explain', '--connection', company.ids.bob.slice(-6))
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

  it('of a plan in another mode, before anything has been in force', async () => {
    await using company = await startCompany()
    await company.here.write('first/policies.yaml', POLICIES)
    await company.here.write('first/curfew.yaml', CONFIG.replace('mode: enforce', 'mode: audit'))
    const args = ['plan', '--mode', 'enforce', '-c', 'first/curfew.yaml']
    await expectGolden('plan-first', company.here, args, company.env)
  })

  it('of a plan of an edit that the guard would hold', async () => {
    await using company = await startCompany()
    await company.here.write('edited/policies.yaml', POLICIES.replace('maxAge: 8h, grace: 15m', 'maxAge: 1h'))
    await expectShown(company, 'plan-against', 'plan', '--against', 'edited')
  })

  it('of a connection that has ended, and of one that AWS does not list any more', async () => {
    await using company = await startCompany()
    const { world, ids } = company
    world.leave(ids.mallory)
    await expectShown(company, 'explain-ended', 'explain', '--connection', ids.mallory.slice(-6))
    await expectShown(company, 'explain-unlisted', 'explain', '--connection', 'cvpn-connection-0123')
  })

  it('of a plan of an edit with entries that match no endpoint', async () => {
    await using company = await startCompany()
    const entries = '["tag:env=Prod", "tag:env=staging"]'
    const production = `kind: max-session-age, maxAge: 12h, match: { endpoints: ${entries} }`
    await company.here.write('edited/policies.yaml', `${POLICIES}  - { name: production, ${production} }\n`)
    await expectShown(company, 'plan-unmatched', 'plan', '--against', 'edited')
  })

  it('where terminations are under way and the guard holds a policy', async () => {
    await using company = await startCompany()
    const { here, connect, ids } = company
    const [givenUp, waiting] = [connect(PARTNERS, 'Mallory', 2 * HOUR), connect(PARTNERS, 'MALLORY', 3 * HOUR)]
    const begun = (id: string, username: string) => terminationOf(id, username, 'leavers', NOW - SECOND)
    const onPartners = { region: 'us-east-1', endpointId: PARTNERS }
    await changeKept(here, onPartners, (kept) => ({
      ...kept,
      terminations: [
        { ...begun(ids.mallory, 'mallory'), state: 'unproven', absences: 0 },
        { ...begun(givenUp, 'Mallory'), state: 'given-up', heard: 'read', absences: 0, tryAgainAt: NOW + 4 * MINUTE },
        { ...begun(waiting, 'MALLORY'), state: 'waiting', heard: 'read', absences: 0, tryAgainAt: NOW + 20 * SECOND },
      ],
    }))
    await changeKept(here, { region: 'eu-central-1', endpointId: OFFICE }, (kept) => {
      const daily = kept.guard.standings['daily-reauthentication']
      if (daily === undefined) throw new Error('the guard does not know the policy')
      const held = { state: 'held', version: daily.version, before: undefined, since: NOW - 2 * HOUR } as const
      const standings = { ...kept.guard.standings, 'daily-reauthentication': { ...held, counted: 6, of: 9 } }
      return { ...kept, guard: { ...kept.guard, standings } }
    })
    await expectShown(company, 'plan-under-way', 'plan')
    await expectShown(company, 'connections-under-way', 'connections')
    await expectShown(company, 'explain-under-way', 'explain', '--user', 'mallory')
    await expectShown(company, 'explain-held', 'explain', '--user', 'bob@corp.example')
  })

  it('of a plan with more deadlines than are listed', async () => {
    await using company = await startCompany()
    for (let index = 1; index <= 1500; index++) company.connect(OFFICE, `person-${index}`, index * SECOND)
    await expectShown(company, 'plan-many', 'plan')
  })

  it('of the commands that read only files', async () => {
    await using here = await workspace({
      'policies.yaml': POLICIES.replace('maxAge: 6h', 'maxAge: 6hours').replace('mode: audit', 'mode: adit'),
      'good.yaml': POLICIES.replace(
        'users: [mallory]',
        'users: [mallory, { pattern: eve, until: "2020-01-01T00:00:00Z" }]',
      ),
      'good.test.yaml': `version: 1
policies: [./good.yaml]
cases:
  - name: mallory may stay
    at: 2026-11-23T12:00:00Z
    connection: { username: mallory, established: 2026-11-23T08:00:00Z }
    expect: keep
  - name: alice may stay
    at: 2026-11-23T12:00:00Z
    connection: { username: alice, established: 2026-11-23T08:00:00Z }
    expect: keep
`,
    })
    const env = clockAt(NOW)
    await expectGolden('validate-errors', here, ['validate', 'policies.yaml'], env)
    await expectGolden('validate-warnings', here, ['validate', 'good.yaml'], env)
    await expectGolden('test', here, ['test', 'good.test.yaml'], env)
  })

  it('of the check of an audit trail with a fault', async () => {
    await using company = await startCompany()
    const { here, ids } = company
    await changeKept(here, { region: 'us-east-1', endpointId: PARTNERS }, (kept) => ({
      ...kept,
      terminations: [
        { ...terminationOf(ids.mallory, 'mallory', 'leavers', NOW - 10 * MINUTE), state: 'unproven', absences: 0 },
      ],
    }))
    await expectGolden('audit-verify-fault', here, ['audit', 'verify', 'data/audit.jsonl', 'curfew.yaml'], company.env)
  })
})
