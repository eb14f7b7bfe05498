import { expect, it } from 'vitest'
import { HOUR } from '../../src/domain/time/instant.ts'
import { NOW, POLICIES, startCompany } from './company.ts'
import { changeKept } from './kept-state.ts'
import { OFFICE } from './office.ts'

const EXTEND = 'warn: [15m], extend: { by: 1h, times: 1 }'
const REGION = { region: 'eu-central-1', endpointId: OFFICE }

/** What the commands say of bob, who connected nine hours ago and may extend his session once, under this policy. */
const saidOf = async (maxAge: string, until: number) => {
  await using company = await startCompany()
  const { here, env, ids } = company
  await here.write('policies.yaml', POLICIES.replace('maxAge: 8h, grace: 15m', `maxAge: ${maxAge}, ${EXTEND}`))
  await changeKept(here, REGION, (kept) => ({
    ...kept,
    extended: { [ids.bob]: { 'daily-reauthentication': { granted: 1, until } } },
  }))
  const said = async (...args: readonly string[]) => (await here.run([...args, '-c', 'curfew.yaml'], env)).stdout
  const bobs = ['--user', 'bob@corp.example']
  const [explained, plan, connections] = await Promise.all([
    said('explain', ...bobs),
    said('plan'),
    said('connections', ...bobs),
  ])
  const json = await Promise.all([
    said('explain', ...bobs, '--output', 'json'),
    said('plan', '--output', 'json'),
    said('connections', ...bobs, '--output', 'json'),
  ])
  return { explained, plan, connections, json: json.map((text) => JSON.parse(text)) }
}

it.each([
  ['before', '9h30m', '2026-11-23T12:30:00Z', NOW + 1.5 * HOUR, '2026-11-23T13:30:00Z', 'fine'],
  ['after', '8h30m', '2026-11-23T11:30:00Z', NOW + 0.5 * HOUR, '2026-11-23T12:30:00Z', 'violated'],
])("an extension is called so %s the policy's own deadline", async (_, maxAge, from, at, until, verdict) => {
  const { explained, plan, connections, json } = await saidOf(maxAge, at)
  expect(explained).toContain(`Stays up until ${until}`)
  expect(explained).toContain('it is extended under the policy "daily-reauthentication"')
  expect(explained).toContain(`daily-reauthentication (max-session-age, enforce): ${verdict}, extended until ${until}`)
  expect(plan).toMatch(new RegExp(`Extended \\(1\\):\\n.*\\n *${until}.*${from} +bob@corp`))
  expect(connections).toContain(`${until}, extended`)
  expect(connections).toContain(', 1 extended')
  expect(explained + connections).not.toContain('in grace')
  const [explainedJson, planJson, connectionsJson] = json
  const iso = (text: string) => text.replace('Z', '.000Z')
  expect(explainedJson.connections[0]).toMatchObject({
    state: 'extended',
    verdicts: [{ extendedFrom: iso(from), extendedUntil: iso(until) }, {}, {}, {}],
  })
  const [office] = planJson.endpoints
  expect(office.extended).toMatchObject([
    { username: 'bob@corp.example', policy: 'daily-reauthentication', at: iso(until), extendedFrom: iso(from) },
  ])
  expect([...office.grace, ...office.next].map(({ username }) => username)).not.toContain('bob@corp.example')
  expect(connectionsJson.endpoints[0].connections).toMatchObject([{ state: 'extended', deadline: iso(until) }])
})
