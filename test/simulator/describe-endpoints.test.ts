import { DescribeClientVpnEndpointsCommand, type DescribeClientVpnEndpointsCommandInput } from '@aws-sdk/client-ec2'
import { describe, expect, it } from 'vitest'
import {
  contractors,
  MACHINES,
  machines,
  refusal,
  type SimulatedAws,
  STAFF,
  simulateAws,
  staff,
} from './simulated-aws.ts'

const ask = ({ client }: Pick<SimulatedAws, 'client'>, input: DescribeClientVpnEndpointsCommandInput = {}) =>
  client.send(new DescribeClientVpnEndpointsCommand(input))

const idsOf = async (answer: ReturnType<typeof ask>) =>
  (await answer).ClientVpnEndpoints?.map((endpoint) => endpoint.ClientVpnEndpointId)

describe('DescribeClientVpnEndpoints', () => {
  it('lists the endpoints of the Region in the signature', async () => {
    const aws = await simulateAws([staff(), machines(), contractors({ region: 'us-east-1' })])
    expect(await idsOf(ask(aws))).toEqual([STAFF, MACHINES])
    expect(await idsOf(ask({ client: aws.clientIn('us-east-1') }))).toEqual([contractors().id])
    expect(await idsOf(ask({ client: aws.clientIn('eu-west-1') }))).toEqual([])
  })

  it('describes an endpoint in AWS’s formats', async () => {
    const aws = await simulateAws([staff({ description: 'Staff & guests', tags: { 'vpn-policy': 'enforced' } })])
    const { ClientVpnEndpoints } = await ask(aws, { ClientVpnEndpointIds: [STAFF] })
    expect(ClientVpnEndpoints).toEqual([
      expect.objectContaining({
        ClientVpnEndpointId: STAFF,
        Description: 'Staff & guests',
        Status: { Code: 'available' },
        CreationTime: '2026-08-25T08:00:00',
        DnsName: `*.${STAFF}.prod.clientvpn.eu-central-1.amazonaws.com`,
        ClientCidrBlock: '10.64.0.0/12',
        TransportProtocol: 'udp',
        VpnProtocol: 'openvpn',
        VpnPort: 443,
        SplitTunnel: true,
        AuthenticationOptions: [
          {
            Type: 'federated-authentication',
            FederatedAuthentication: { SamlProviderArn: 'arn:aws:iam::111122223333:saml-provider/staff' },
          },
        ],
        ConnectionLogOptions: { Enabled: false },
        SessionTimeoutHours: 24,
        DisconnectOnSessionTimeout: true,
        Tags: [
          { Key: 'Name', Value: 'staff' },
          { Key: 'vpn-policy', Value: 'enforced' },
        ],
      }),
    ])
  })

  it('names the authentication of each endpoint', async () => {
    const aws = await simulateAws([machines(), contractors({ status: 'deleting' })])
    const { ClientVpnEndpoints = [] } = await ask(aws)
    expect(ClientVpnEndpoints.map((endpoint) => endpoint.AuthenticationOptions?.map((option) => option.Type))).toEqual([
      ['certificate-authentication'],
      ['directory-service-authentication'],
    ])
    expect(ClientVpnEndpoints.map((endpoint) => endpoint.Status?.Code)).toEqual(['available', 'deleting'])
  })

  it('serves pages, and filters by the documented names', async () => {
    const many = Array.from({ length: 12 }, (_, index) =>
      staff({ id: `cvpn-endpoint-${String(index).padStart(17, '0')}` }),
    )
    const aws = await simulateAws(many)
    const ids = many.map((endpoint) => endpoint.id)
    const first = await ask(aws, { MaxResults: 5 })
    const second = await ask(aws, { MaxResults: 1000, NextToken: first.NextToken })
    expect(await idsOf(Promise.resolve(first))).toEqual(ids.slice(0, 5))
    expect(await idsOf(Promise.resolve(second))).toEqual(ids.slice(5))
    expect(second.NextToken).toBeUndefined()

    const by = (Name: string, ...Values: string[]) => ask(aws, { Filters: [{ Name, Values }] })
    expect(await idsOf(by('endpoint-id', ids[3] ?? ''))).toEqual([ids[3]])
    expect(await idsOf(by('transport-protocol', 'tcp'))).toEqual([])
    expect(await refusal(by('tag:Name', 'staff'))).toBe('InvalidFilter 400')
  })

  it('refuses ids together with a page size, unknown ids and ids of other Regions', async () => {
    const aws = await simulateAws([staff(), machines({ region: 'us-east-1' })])
    const both = ask(aws, { ClientVpnEndpointIds: [STAFF], MaxResults: 5 })
    expect(await refusal(both)).toBe('InvalidParameterCombination 400')
    const notFound = 'InvalidClientVpnEndpointId.NotFound 400'
    expect(await refusal(ask(aws, { ClientVpnEndpointIds: [STAFF, 'cvpn-endpoint-00000000000000000'] }))).toBe(notFound)
    expect(await refusal(ask(aws, { ClientVpnEndpointIds: [MACHINES] }))).toBe(notFound)
    expect(await refusal(ask(aws, { NextToken: 'made-up' }))).toBe('InvalidPaginationToken 400')
  })
})
