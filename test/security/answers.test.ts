import { describe, expect, it } from 'vitest'
import { workspace } from '../cli/curfew.ts'
import { AGE_POLICY, curfewYaml, OFFICE, startOffice } from '../cli/office.ts'

const BOMB = `<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a0 "${'x'.repeat(1000)}">${Array.from(
  { length: 20 },
  (_, index) => `<!ENTITY a${index + 1} "${`&a${index};`.repeat(10)}">`,
).join('')}]>`

const FILE = '<?xml version="1.0"?><!DOCTYPE b [<!ENTITY x SYSTEM "file:///etc/passwd">]>'

const list = (name: string) =>
  `<DescribeClientVpnConnectionsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>0</requestId><connections><item><connectionId>cvpn-connection-0</connectionId><username>${name}</username><status><code>active</code></status></item></connections></DescribeClientVpnConnectionsResponse>`

const error = (message: string) =>
  `<Response><Errors><Error><Code>InvalidParameterValue</Code><Message>${message}</Message></Error></Errors><RequestID>0</RequestID></Response>`

describe('a malicious answer', () => {
  it.each([
    ['nested entities in a list', 200, BOMB + list('&a20;')],
    ['nested entities in an error', 400, BOMB + error('&a20;')],
    ['a file of this machine in a list', 200, FILE + list('&x;')],
    ['a file of this machine in an error', 400, FILE + error('&x;')],
    ['deeply nested elements', 200, `${list('alice')}${'<a>'.repeat(200_000)}`],
    ['deeply nested elements in an error', 400, `<Response>${'<a>'.repeat(200_000)}`],
    ['a page of 40 MB', 200, list('x'.repeat(40 * 1024 * 1024))],
  ])('with %s leaves the endpoint blind and the process alive in 128 MB', async (_name, status, body) => {
    await using office = await startOffice({}, { intercept: () => ({ status, body }) })
    await using here = await workspace({ 'curfew.yaml': curfewYaml(), 'policies.yaml': AGE_POLICY })
    const { code, stdout, stderr } = await here.run(['plan', '-c', 'curfew.yaml'], {
      ...office.env,
      NODE_OPTIONS: '--max-old-space-size=128',
    })
    expect(code).toBe(1)
    expect(stdout).toContain(`office (${OFFICE}) in eu-central-1: BLIND`)
    expect(stdout + stderr).not.toMatch(/root:|xxxxx/)
    expect(stderr.length).toBeLessThan(2_000)
  })
})
