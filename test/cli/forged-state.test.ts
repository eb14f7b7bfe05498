import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createStateFile } from '../../src/adapters/files/state-file.ts'
import { endpointKey } from '../../src/app/site.ts'
import { EMPTY_STATE } from '../../src/app/state.ts'
import { createMemory } from '../../src/domain/judge/memory.ts'
import { HOUR, MINUTE } from '../../src/domain/time/instant.ts'
import { workspace } from './curfew.ts'
import { curfewYaml, OFFICE, startOffice, terminatedIds } from './office.ts'

const COOLING = `
version: 1
policies:
  - { name: daily, kind: max-session-age, maxAge: 8h, guard: off, cooldown: 2h }
`

describe('a state file that says that somebody was ended', () => {
  it('ends nobody without the intent in the trail, and the log names the cooldown', async () => {
    await using office = await startOffice()
    const victim = office.world.connect({ endpointId: OFFICE, username: 'carol', ageMs: MINUTE })
    await using here = await workspace({
      'policies.yaml': COOLING,
      'curfew.yaml': curfewYaml('mode: enforce\npoll: { minGap: 1s }'),
    })
    const terminated = { daily: { 'user:carol': Date.now() - 5 * MINUTE } }
    await createStateFile(join(here.folder, 'data/state.json')).save({
      ...EMPTY_STATE,
      endpoints: { [endpointKey('eu-central-1', OFFICE)]: { ...createMemory().kept(), watchedSince: 0, terminated } },
    })
    const plan = await here.run(['plan', '-c', 'curfew.yaml', '--detailed-exitcode'], office.env)
    expect(plan).toMatchObject({ code: 0, stderr: '' })
    const { code, log } = await here.run(['run', '--once', '-c', 'curfew.yaml'], office.env)
    expect(code).toBe(0)
    expect(log.find(({ event }) => event === 'calls-dropped')).toMatchObject({ names: ['user:carol'] })
    expect(office.world.connections(OFFICE).map(({ connectionId, status }) => [connectionId, status])).toEqual([
      [victim, 'active'],
    ])
  })

  it('counts after a restart if the trail has the intent', async () => {
    await using office = await startOffice()
    const overdue = office.world.connect({ endpointId: OFFICE, username: 'carol', ageMs: 9 * HOUR })
    await using here = await workspace({
      'policies.yaml': COOLING,
      'curfew.yaml': curfewYaml('mode: enforce\npoll: { minGap: 1s }'),
    })
    const once = () => here.run(['run', '--once', '-c', 'curfew.yaml'], office.env)
    expect((await once()).code).toBe(0)
    const back = office.world.connect({ endpointId: OFFICE, username: 'carol', ageMs: 0 })
    const { log } = await once()
    expect(terminatedIds(office)).toEqual([overdue, back])
    expect(log.filter(({ event }) => event === 'calls-dropped')).toEqual([])
  })
})

it('the log has the head of the trail at the start and at the end, so that a copy of the log can prove it', async () => {
  await using office = await startOffice()
  await using here = await workspace({ 'policies.yaml': COOLING, 'curfew.yaml': curfewYaml('') })
  const once = async () => (await here.run(['run', '--once', '-c', 'curfew.yaml'], office.env)).log
  const heads = [...(await once()), ...(await once())].filter(({ event }) => event === 'audit-head')
  const [first, afterFirst, second, afterSecond] = heads.map(({ seq, hash }) => ({ seq, hash }))
  expect(first?.seq).toBe(0)
  expect(second).toEqual(afterFirst)
  expect(afterSecond?.seq).toBeGreaterThan(Number(second?.seq))
})
