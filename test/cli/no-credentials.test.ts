import { join } from 'node:path'
import { expect, it } from 'vitest'
import { workspace } from './curfew.ts'
import { AGE_POLICY, curfewYaml } from './office.ts'

const SECRET = 'hunter2'

const planWith = async (awsConfig: string, profile: string) => {
  await using here = await workspace({ 'curfew.yaml': curfewYaml(), 'policies.yaml': AGE_POLICY, aws: awsConfig })
  const { code, stderr } = await here.run(['plan', '-c', 'curfew.yaml'], {
    AWS_CONFIG_FILE: join(here.folder, 'aws'),
    AWS_PROFILE: profile,
    HOME: '/nonexistent',
  })
  expect(code).toBe(1)
  expect(stderr).not.toContain(SECRET)
  expect(stderr).not.toContain('set AWS_PROFILE')
  return stderr
}

it.each([
  ['fails', `sh -c "echo ${SECRET} >&2; exit 3"`],
  ['prints no JSON', `echo ${SECRET}`],
  ['prints another version', `echo {"Version":7,"SecretAccessKey":"${SECRET}"}`],
])('a credential_process that %s is named, without its command or what it printed', async (_how, command) => {
  expect(await planWith(`[profile vault]\ncredential_process = ${command}\n`, 'vault')).toContain('credential_process')
})

it('a profile that does not exist is named', async () => {
  expect(await planWith('[profile vault]\nregion = eu-central-1\n', 'volt')).toContain('no profile "volt"')
})

it('run says the same', async () => {
  await using here = await workspace({ 'curfew.yaml': curfewYaml(), 'policies.yaml': AGE_POLICY, aws: '' })
  const env = { AWS_CONFIG_FILE: join(here.folder, 'aws'), AWS_PROFILE: 'volt', HOME: '/nonexistent' }
  const { log } = await here.run(['run', '--once', '-c', 'curfew.yaml'], env)
  expect(log.find(({ event }) => event === 'poll-failed')?.msg).toContain('no profile "volt"')
})

it('a profile without credentials is not said to be missing', async () => {
  await using here = await workspace({
    'curfew.yaml': curfewYaml(),
    'policies.yaml': AGE_POLICY,
    aws: '[profile bare]\nregion = eu-central-1\n',
  })
  const env = { AWS_CONFIG_FILE: join(here.folder, 'aws'), AWS_PROFILE: 'bare', HOME: '/nonexistent' }
  const { stderr } = await here.run(['plan', '-c', 'curfew.yaml'], env)
  expect(stderr).not.toContain('no profile')
})
