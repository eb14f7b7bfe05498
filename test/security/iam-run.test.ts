import { describe, expect, it } from 'vitest'
import { endpointPolicy, hubPolicy, type IamPolicy, trustPolicy } from '../../scripts/iam-policies.ts'
import { AWS_ACTIONS } from '../../src/adapters/aws/actions.ts'
import type { Mode } from '../../src/domain/policies/policy.ts'
import { HOUR } from '../../src/domain/time/instant.ts'
import type { RecordedRequest } from '../../src/simulator/exchange.ts'
import { workspace } from '../cli/curfew.ts'
import { AGE_POLICY, startOffice } from '../cli/office.ts'
import { type Call, isAllowed, withoutOne } from './iam-evaluation.ts'

const REGION = 'eu-central-1'
const HUB = '111122223333'
const MEMBER = '444455556666'
const STAFF = 'cvpn-endpoint-0123456789abcdef0'
const PARTNERS = 'cvpn-endpoint-0123456789abcdef1'
const OTHERS = 'cvpn-endpoint-0123456789abcdef2'
const ROLE = { arn: `arn:aws:iam::${MEMBER}:role/curfew`, externalId: 'curfew' }
const TAGS = { 'vpn-policy': 'enforced' }

const curfewYaml = (mode: Mode) => `
version: 1
mode: ${mode}
policies: [./policies.yaml]
watch:
  - { region: ${REGION}, endpoints: [${STAFF}] }
  - region: ${REGION}
    discover: { tags: { vpn-policy: enforced } }
    assumeRole: { arn: "${ROLE.arn}", externalId: ${ROLE.externalId} }
poll: { schedule: "* * * * * *", minGap: 1s }
server: { port: 0 }
`

/** The daemon's account has a listed endpoint. The other account has a tagged endpoint and one that Curfew must not use. */
const start = async (mode: Mode) => {
  const office = await startOffice({
    roles: [ROLE],
    endpoints: [
      { id: STAFF, name: 'staff', region: REGION, account: HUB, authentication: 'federated' },
      { id: PARTNERS, name: 'partners', region: REGION, account: MEMBER, tags: TAGS, authentication: 'federated' },
      { id: OTHERS, name: 'others', region: REGION, account: MEMBER, authentication: 'federated' },
    ],
  })
  for (const endpointId of [STAFF, PARTNERS, OTHERS])
    office.world.connect({ endpointId, username: 'bob', ageMs: 9 * HOUR })
  return { office, here: await workspace({ 'curfew.yaml': curfewYaml(mode), 'policies.yaml': AGE_POLICY }) }
}

/** Runs the daemon until its last termination is confirmed, or in audit mode until the last violation is logged. */
const daemonRun = async (mode: Mode) => {
  const { office, here } = await start(mode)
  await using _office = office
  await using _here = here
  await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
  const last = mode === 'enforce' ? 'termination' : 'violation'
  for (const id of [STAFF, PARTNERS]) await running.untilLogged(last, (line) => line.vpn_endpoint === id)
  running.child.kill('SIGTERM')
  expect(await running.exited).toBe(0)
  return office.requests
}

const isOfRole = ({ accessKeyId }: RecordedRequest) => accessKeyId?.startsWith('ASIA') === true

/** A request as IAM sees it. The endpoint's ARN has the account of the caller. */
const callOf = (request: RecordedRequest): Call => {
  const { service, action, region = '', params } = request
  const endpoint = params.ClientVpnEndpointId
  const account = isOfRole(request) ? MEMBER : HUB
  return {
    action: `${service}:${action}`,
    resource:
      params.RoleArn ??
      (endpoint === undefined ? '*' : `arn:aws:ec2:${region}:${account}:client-vpn-endpoint/${endpoint}`),
    context: {
      'ec2:Region': region,
      ...(endpoint === PARTNERS ? { 'aws:ResourceTag/vpn-policy': TAGS['vpn-policy'] } : {}),
      ...(params.ExternalId === undefined ? {} : { 'sts:ExternalId': params.ExternalId }),
    },
  }
}

const ownPolicies = (mode: Mode) => [
  endpointPolicy(mode, { region: REGION, account: HUB, endpoints: { ids: [STAFF] } }),
  hubPolicy([ROLE.arn]),
]
const rolesPolicies = (mode: Mode) => [
  endpointPolicy(mode, { region: REGION, account: MEMBER, endpoints: { tags: TAGS } }),
]
const trust = [trustPolicy(`arn:aws:iam::${HUB}:role/curfew`, ROLE.externalId)]

const denied = (requests: readonly RecordedRequest[], own: readonly IamPolicy[], roles: readonly IamPolicy[]) =>
  requests.filter((request) => {
    const call = callOf(request)
    if (call.action === 'sts:GetCallerIdentity') return false
    if (call.action === 'sts:AssumeRole' && !isAllowed(trust, call)) return true
    return !isAllowed(isOfRole(request) ? roles : own, call)
  })

describe.each<Mode>(['audit', 'enforce'])('a run in mode %s', (mode) => {
  it('makes only calls that are declared and that the policies allow, and needs every statement of them', async () => {
    const requests = await daemonRun(mode)
    const called = new Set(requests.map((request) => callOf(request).action))
    const declared = AWS_ACTIONS.filter(
      (action) => !action.startsWith('logs:') && (mode === 'enforce' || !/Terminate/.test(action)),
    )
    expect([...called].sort()).toEqual([...declared].sort())
    // Dry runs were made with both sets of credentials before the first termination.
    if (mode === 'enforce') expect(requests.filter(({ params }) => params.DryRun === 'true').length).toBeGreaterThan(1)

    expect(denied(requests, ownPolicies(mode), rolesPolicies(mode))).toEqual([])
    for (const { removed, policies } of withoutOne(ownPolicies(mode)))
      expect([removed, denied(requests, policies, rolesPolicies(mode)).length > 0]).toEqual([removed, true])
    for (const { removed, policies } of withoutOne(rolesPolicies(mode)))
      expect([removed, denied(requests, ownPolicies(mode), policies).length > 0]).toEqual([removed, true])
  })
})

it('the commands that only read need no more than the policies for audit mode', async () => {
  const { office, here } = await start('enforce')
  await using _office = office
  await using _here = here
  const id = office.world.connections(PARTNERS)[0]?.connectionId ?? ''
  for (const args of [['plan', '--mode', 'enforce'], ['connections'], ['explain', '--connection', id]]) {
    const { code } = await here.run([...args, '-c', 'curfew.yaml'], office.env)
    expect([args[0], code]).toEqual([args[0], 0])
  }
  expect(office.requests.length).toBeGreaterThan(0)
  expect(denied(office.requests, ownPolicies('audit'), rolesPolicies('audit'))).toEqual([])
})

it('the policies do not allow terminations on the endpoint without the tag', () => {
  const terminate = 'ec2:TerminateClientVpnConnections'
  const on = (id: string) => `arn:aws:ec2:${REGION}:${MEMBER}:client-vpn-endpoint/${id}`
  const tagged = { action: terminate, resource: on(PARTNERS), context: { 'aws:ResourceTag/vpn-policy': 'enforced' } }
  expect(isAllowed(rolesPolicies('enforce'), tagged)).toBe(true)
  expect(isAllowed(rolesPolicies('enforce'), { ...tagged, resource: on(OTHERS), context: {} })).toBe(false)
  expect(isAllowed(rolesPolicies('audit'), tagged)).toBe(false)
  expect(isAllowed(ownPolicies('enforce'), { ...tagged, resource: on(STAFF) })).toBe(false)
})
