import type { Person } from './companies.ts'

const names = ({ username, commonName }: Person) => ({
  ...(commonName === undefined ? {} : { 'common-name': commonName }),
  ...(username === undefined ? {} : { username }),
})

/**
 * AWS's sample requests with the names of a person. Source: "Connection authorization" in the AWS Client VPN Administrator
 * Guide, whose editions describe v1, v2 and v3.
 */
export const REQUESTS = {
  v1: (person: Person) => ({
    'connection-id': 'cvpn-connection-04edd76f5201e0cb8',
    'endpoint-id': person.endpointId,
    ...names(person),
    platform: 'win',
    'platform-version': '10.0.19045',
    'public-ip': '203.0.113.7',
    'client-openvpn-version': '2.5.1',
    'schema-version': 'v1',
  }),
  v2: (person: Person) => ({
    'connection-id': 'cvpn-connection-04edd76f5201e0cb8',
    'endpoint-id': person.endpointId,
    ...names(person),
    platform: 'linux',
    'platform-version': '6.8.0',
    'public-ip': '2001:db8::7',
    'client-openvpn-version': '2.5.1',
    groups: 'contractors,night shift',
    'schema-version': 'v2',
  }),
  v3: (person: Person) => ({
    'connection-id': 'cvpn-connection-04edd76f5201e0cb8',
    'endpoint-id': person.endpointId,
    ...names(person),
    platform: 'mac',
    'platform-version': '13.2.1',
    'public-ip': '203.0.113.7',
    'client-openvpn-version': '2.5.1',
    'aws-client-version': '5.2.0',
    groups: 'contractors,night shift',
    'schema-version': 'v3',
  }),
} as const satisfies Record<string, (person: Person) => object>
