import { describe, expect, it } from 'vitest'
import { loadConfiguration } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/yaml/problem.ts'
import { memoryFiles } from './memory-files.ts'

const HASH = `$2y$10$${'a'.repeat(53)}`

const MAIL = '{ email: { smarthost: "127.0.0.1:25", from: vpn@corp.example, requireTls: false } }'

const load = (server: string, more?: string, receiver = MAIL) => {
  const files = memoryFiles({
    'etc/curfew.yaml': `version: 1
policies: [./policies]
watch: [{ region: eu-central-1, endpoints: [cvpn-endpoint-0123456789abcdef0] }]
server: ${server}
${more === undefined ? '' : `notify: [${receiver}]`}
`,
    'etc/policies/a.yaml': `version: 1\npolicies: [{ name: age, kind: max-session-age, maxAge: 8h${more === undefined ? '' : `, ${more}`} }]\n`,
  })
  return loadConfiguration(files, 'etc/curfew.yaml')
}

const messagesOf = (server: string, more?: string) => load(server, more).problems.map(formatProblem)

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

  it('has links, if it has the URL and the key of them', () => {
    const links = `{ publicUrl: "https://curfew.corp.example/vpn/", linkKey: { file: ./key } }`
    expect(load(links).configuration?.server.links).toEqual({
      publicUrl: 'https://curfew.corp.example/vpn',
      key: { file: 'etc/key' },
    })
    expect(load('{}').configuration?.server.links).toBeUndefined()
    expect(messagesOf('{ publicUrl: "http://127.0.0.1:9464", linkKey: { env: KEY } }')).toEqual([])
  })

  it('warns about extensions that nobody can ask for', () => {
    const extend = 'warn: [5m], extend: { by: 1h }'
    expect(messagesOf('{}', extend)).toEqual([
      expect.stringMatching(
        /^etc\/policies\/a\.yaml:2:\d+: warning: policy "age": nobody can ask for these extensions/,
      ),
    ])
    const links = '{ publicUrl: "https://curfew.corp.example", linkKey: { env: KEY } }'
    const unsent = load(links, extend, '{ slack: { env: SLACK } }')
    expect(unsent.problems.map(({ message }) => message).join()).toContain('links are sent to the person only')
    const linked = load(links, extend)
    expect(linked.problems).toEqual([])
    expect(linked.configuration?.policies.map((policy) => policy.extend)).toEqual([{ byMs: 3_600_000, times: 1 }])
  })
})
