import { describe, expect, it } from 'vitest'
import { MINUTE } from '../../src/domain/time/instant.ts'
import { workspace } from './curfew.ts'
import { OFFICE, startOffice, terminatedIds } from './office.ts'

const LAB = 'cvpn-endpoint-0123456789abcdef1'

const FILES = {
  'curfew.yaml': `
version: 1
mode: enforce
policies: [./policies.yaml]
watch:
  - region: eu-central-1
    endpoints: [{ id: ${OFFICE}, name: office }, { id: ${LAB}, name: lab }]
poll: { minGap: 1s }
server: { port: 0 }
`,
  'policies.yaml': `
version: 1
policies:
  - { name: two-at-most, kind: max-sessions, limit: 2, across: all }
`,
}

/** Two endpoints on which alice has three sessions. The oldest is on the office. */
const startTwo = async (options: Parameters<typeof startOffice>[1] = {}) => {
  const place = { region: 'eu-central-1', authentication: 'federated' } as const
  const office = await startOffice(
    {
      endpoints: [
        { id: OFFICE, name: 'office', ...place },
        { id: LAB, name: 'lab', ...place },
      ],
    },
    options,
  )
  const connect = (endpointId: string, minutesAgo: number) =>
    office.world.connect({ endpointId, username: 'alice', ageMs: minutesAgo * MINUTE })
  return { office, oldest: connect(OFFICE, 30), second: connect(LAB, 20), newest: connect(LAB, 10) }
}

/** The lab answers nothing. */
const blindLab = () =>
  startTwo({ intercept: ({ params }) => (Object.values(params).includes(LAB) ? 'hang' : undefined) })

interface Shown {
  readonly endpoints: ReadonlyArray<{ readonly terminate: ReadonlyArray<{ readonly connectionId: string }> | null }>
}

describe('a limit of sessions over all endpoints', () => {
  it('is shown by plan, connections and explain as the daemon keeps it', async () => {
    const { office, oldest, second } = await startTwo()
    await using _office = office
    await using here = await workspace(FILES)
    const plan = await here.run(['plan', '-c', 'curfew.yaml', '--output', 'json'], office.env)
    const shown = (JSON.parse(plan.stdout) as Shown).endpoints.map(({ terminate }) => terminate)
    expect(shown).toEqual([[expect.objectContaining({ connectionId: oldest, policy: 'two-at-most' })], []])
    const listed = await here.run(['connections', '-c', 'curfew.yaml'], office.env)
    expect(listed.stdout).toMatch(new RegExp(`now +two-at-most +${oldest}`))
    const explained = await here.run(['explain', '-c', 'curfew.yaml', '--connection', second], office.env)
    expect(explained.stdout).toContain('at most 2 connections are allowed per user over all endpoints')

    const { code } = await here.run(['run', '--once', '-c', 'curfew.yaml'], office.env)
    expect(code).toBe(0)
    expect(terminatedIds(office)).toEqual([oldest])
  })

  it('makes connections name the blind lab, on which the deadlines of the office depend', async () => {
    const { office } = await blindLab()
    await using _office = office
    await using here = await workspace({
      ...FILES,
      'curfew.yaml': FILES['curfew.yaml'].replace('minGap: 1s', 'minGap: 1s, requestTimeout: 1s'),
    })
    const args = ['connections', '-c', 'curfew.yaml', '--endpoint', 'office']
    const { code, stdout, stderr } = await here.run(args, office.env)
    expect(code).toBe(1)
    expect(stderr).toContain(LAB)
    expect(stdout).toContain('The policy "two-at-most" counts over all endpoints: it ends nobody while one of them')
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^1 endpoint read, 1 COULD NOT BE READ: 1 connection/)
    const json = JSON.parse((await here.run([...args, '--output', 'json'], office.env)).stdout) as object
    expect(json).toMatchObject({
      endpoints: [{ name: 'office' }, { name: 'lab', complete: false, connections: null }],
      summary: { endpoints: 2, unread: 1, active: 1 },
    })
  })

  it('ends nobody while the lab is blind, and explain says so', async () => {
    const { office, oldest } = await blindLab()
    await using _office = office
    await using here = await workspace({
      ...FILES,
      'curfew.yaml': FILES['curfew.yaml'].replace('minGap: 1s', 'minGap: 1s, requestTimeout: 1s'),
    })
    const plan = await here.run(['plan', '-c', 'curfew.yaml', '--output', 'json'], office.env)
    expect((JSON.parse(plan.stdout) as Shown).endpoints.map(({ terminate }) => terminate)).toEqual([[], null])
    const explained = await here.run(['explain', '-c', 'curfew.yaml', '--connection', oldest], office.env)
    expect(explained.stdout).toContain(
      `kept, because the connection lacks a fresh snapshot of the endpoint lab (${LAB})`,
    )
    await here.run(['run', '--once', '--timeout', '10s', '-c', 'curfew.yaml'], office.env)
    expect(terminatedIds(office)).toEqual([])
  })

  it('is not known for a connection that does not exist', async () => {
    await using here = await workspace(FILES)
    const { stdout } = await here.run(['explain', '-c', 'curfew.yaml', '--imagine', '--user', 'alice'])
    expect(stdout).toContain('two-at-most (max-sessions, enforce): unknown')
    expect(stdout).toContain('kept, because the connection lacks the connections on the other endpoints')
  })
})
