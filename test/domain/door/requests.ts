/**
 * A request of each version with the fields that the page of AWS lists for it; the hook says what is different.
 * https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/connection-authorization.html
 */
const V1 = {
  'connection-id': 'cvpn-connection-0123456789abcdef0',
  'endpoint-id': 'cvpn-endpoint-0123456789abcdef0',
  'common-name': 'alice.corp.example',
  username: 'alice',
  platform: 'win',
  'platform-version': '10.0.22631',
  'public-ip': '203.0.113.7',
  'client-openvpn-version': '2.6.12',
  'schema-version': 'v1',
}

const V2 = { ...V1, groups: ['contractors', 'vpn-users'], 'schema-version': 'v2' }

const V3 = { ...V2, 'aws-client-version': '5.2.1', 'schema-version': 'v3' }

export const REQUESTS = { v1: V1, v2: V2, v3: V3 }

export const request = (different: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  ...V3,
  ...different,
})
