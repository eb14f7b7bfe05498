import { describe, expect, it } from 'vitest'
import { loadConfiguration } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/yaml/problem.ts'
import { memoryFiles } from './memory-files.ts'

const HASH = `$2y$10$${'a'.repeat(53)}`

const load = (server: string) => {
  const files = memoryFiles({
    'etc/curfew.yaml': `version: 1
policies: [./policies]
watch: [{ region: eu-central-1, endpoints: [cvpn-endpoint-0123456789abcdef0] }]
server: ${server}
`,
    'etc/policies/a.yaml': 'version: 1\npolicies: [{ name: age, kind: max-session-age, maxAge: 8h }]\n',
  })
  return loadConfiguration(files, 'etc/curfew.yaml')
}

const messagesOf = (server: string) => load(server).problems.map(formatProblem)

describe('server', () => {
  it('is read as written, with paths relative to the folder of the file', () => {
    const { configuration, problems } = load(`
  host: "0.0.0.0"
  tls: { certFile: ./tls/server.crt, keyFile: tls/server.key, clientCaFile: /run/ca.crt }
  basicAuthUsers: { prometheus: ${HASH}, Jörg Example: "${HASH.replace('2y', '2a')}", x: ${HASH.replace('10', '12')} }
  bearerTokenFile: ../token`)
    expect(problems).toEqual([])
    expect(configuration?.server).toEqual({
      host: '0.0.0.0',
      port: 9464,
      tls: { certFile: 'etc/tls/server.crt', keyFile: 'etc/tls/server.key', clientCaFile: '/run/ca.crt' },
      basicAuthUsers: {
        prometheus: HASH,
        'Jörg Example': HASH.replace('2y', '2a'),
        x: HASH.replace('10', '12'),
      },
      bearerTokenFile: 'token',
      showNames: false,
    })
  })

  it.each([
    'hunter2',
    '"hunter2"',
    '"hunter2\\n"',
    '4711',
    'true',
    '1e3',
    '[hunter2]',
    '{ password: hunter2 }',
    `${HASH}hunter2`,
    `x${HASH}`,
    '"{SHA}hunter2"',
  ])('does not show a value that is written instead of a hash: %s', (password) => {
    const messages = messagesOf(`{ basicAuthUsers: { prometheus: ${password} } }`)
    expect(messages.length).toBe(1)
    expect(messages.join()).not.toMatch(/hunter2|4711|true|1e3|aaa/)
  })

  it('warns about logins that are sent over the network without TLS', () => {
    const logins = `basicAuthUsers: { prometheus: ${HASH} }, bearerTokenFile: ./token`
    const warned = [
      expect.stringMatching(/^etc\/curfew\.yaml:4:\d+: warning: basicAuthUsers without tls/),
      expect.stringMatching(/^etc\/curfew\.yaml:4:\d+: warning: bearerTokenFile without tls/),
    ]
    for (const host of ['0.0.0.0', '::', '10.0.0.1', 'curfew.corp.example', '127.0.0.1.corp.example']) {
      expect(messagesOf(`{ host: "${host}", ${logins} }`)).toEqual(warned)
      expect(messagesOf(`{ host: "${host}", ${logins}, tls: { certFile: ./crt, keyFile: ./key } }`)).toEqual([])
      expect(messagesOf(`{ host: "${host}" }`)).toEqual([])
    }
    for (const host of ['127.0.0.1', '127.1.2.3', '::1', 'localhost']) {
      expect(messagesOf(`{ host: "${host}", ${logins} }`)).toEqual([])
    }
  })
})
