import { defineScenario } from './scenario-file.ts'

/** The scenario of `curfew simulate` without a file: one endpoint for each kind of authentication. */
export const defaultScenario = defineScenario({
  endpoints: [
    {
      id: 'cvpn-endpoint-0123456789abcdef0',
      name: 'staff',
      description: 'Staff, by single sign-on',
      region: 'eu-central-1',
      authentication: 'federated',
      logGroup: '/aws/clientvpn',
      tags: { 'vpn-policy': 'enforced' },
      connections: [
        { username: 'bob@corp.example', age: '9h58m' },
        { username: 'erin@corp.example', age: '11h' },
        { username: 'frank@corp.example', age: '3h', idle: true },
        { username: 'ext-carol@vendor.example', age: '50m', reconnectAfter: '20s' },
        { username: 'mallory@former-vendor.example', age: '5m', reconnectAfter: '45s' },
      ],
      clients: [
        {
          count: 20,
          name: 'person{n}@corp.example',
          ages: { from: '1m', to: '9h30m' },
          stay: { from: '10m', to: '8h' },
          arrivalsPerMinute: 0.5,
        },
      ],
    },
    {
      id: 'cvpn-endpoint-0123456789abcdef1',
      name: 'machines',
      description: 'Machines and shared laptops, by certificate',
      region: 'eu-central-1',
      authentication: 'certificate',
      logGroup: '/aws/clientvpn',
      connections: [{ commonName: 'build-01.corp.example', age: '20h' }],
      clients: [
        { count: 3, name: 'shared-laptops.corp.example', ages: { from: '5m', to: '12h' } },
        { count: 8, name: 'sensor-{n}.corp.example', ages: { from: '1h', to: '23h' }, idle: true },
      ],
    },
    {
      id: 'cvpn-endpoint-0fedcba9876543210',
      name: 'contractors',
      description: 'Contractors, by directory',
      region: 'us-east-1',
      authentication: 'directory',
      logGroup: '/aws/clientvpn',
      tags: { 'vpn-policy': 'enforced' },
      connections: [
        { username: 'dave', age: '4h' },
        { username: 'dave', age: '2h' },
        { username: 'dave', age: '10m' },
        { username: 'mallory', age: '1h', posture: ['noncompliant'] },
      ],
      clients: [{ count: 12, name: 'ext-{n}', ages: { from: '1m', to: '9h' }, stay: { from: '30m', to: '6h' } }],
    },
  ],
})
