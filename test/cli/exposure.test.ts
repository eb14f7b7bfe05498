import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CREDENTIALS, workspace } from './curfew.ts'
import { AGE_POLICY, curfewYaml } from './office.ts'

const NOTIFY = 'notify: [{ slack: { file: ./hook } }]\n'
const curfew = (token: string) => curfewYaml(NOTIFY).replace('port: 0 }', `port: 0, bearerTokenFile: ${token} }`)

describe('a daemon whose secrets others can read', () => {
  it('warns at the start and after a reload, once for each file, and goes on', async () => {
    const token = `${'0123456789abcdef'.repeat(2)}\n`
    await using here = await workspace({
      'curfew.yaml': curfew('./token'),
      'policies.yaml': AGE_POLICY,
      hook: 'https://hooks.example/services/secret-address\n',
      token,
      'token-2': token,
    })
    const modes = { '.': 0o755, hook: 0o644, token: 0o600, 'token-2': 0o604 }
    for (const [name, mode] of Object.entries(modes)) await chmod(join(here.folder, name), mode)
    await using running = here.start(['run', '-c', 'curfew.yaml'], {
      ...CREDENTIALS,
      // Nothing is sent there: the endpoints of the tests take precedence.
      AWS_ENDPOINT_URL: 'http://aws.invalid:80',
    })
    await running.untilLogged('listening')
    await here.write('curfew.yaml', curfew('./token-2'))
    await running.untilLogged('secret-exposed', ({ file }) => String(file).endsWith('token-2'))
    const warned = running.log().filter(({ event }) => event === 'secret-exposed')
    expect(warned.map(({ file, level }) => [file, level])).toEqual([
      ['hook', 'warn'],
      ['token-2', 'warn'],
    ])
    expect(running.log().filter(({ event }) => event === 'insecure-endpoint-url')).toMatchObject([
      { level: 'warn', variable: 'AWS_ENDPOINT_URL' },
    ])
    expect(running.stdout).not.toContain('secret-address')
  })
})
