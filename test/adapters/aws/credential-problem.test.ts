import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createVpn } from '../../../src/adapters/aws/vpn.ts'
import { ENDPOINT, REGION } from './ec2-stand-in.ts'
import { failureOf, never } from './simulated-accounts.ts'
import { systemClock } from './system-clock.ts'

const ROLE = 'role_arn = arn:aws:iam::111122223333:role/curfew'
const KEY = 'aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = hunter2'
const SSO = 'sso_account_id = 111122223333\nsso_role_name = curfew'
const SESSION = '[sso-session corp]\nsso_region = eu-central-1\nsso_start_url = https://corp.example/start'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'curfew-credentials-'))
  const tokens = join(folder, '.aws/sso/cache')
  mkdirSync(tokens, { recursive: true })
  const ended = JSON.stringify({ accessToken: 'hunter2', expiresAt: '2026-01-01T00:00:00Z' })
  writeFileSync(join(tokens, `${createHash('sha1').update('corp').digest('hex')}.json`), ended)
})
afterAll(() => rmSync(folder, { recursive: true }))

beforeEach(() => {
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_PROFILE'])
    vi.stubEnv(name, undefined)
  vi.stubEnv('HOME', folder)
  vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'config'))
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(folder, 'credentials'))
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
  // Nothing listens on this port.
  vi.stubEnv('AWS_ENDPOINT_URL_STS', 'http://127.0.0.1:9')
})
afterEach(() => {
  vi.unstubAllEnvs()
})

/** The message about a read with these AWS configuration files and variables, through the SDK's own search. */
const messageWith = async (config: string, env: Readonly<Record<string, string>>) => {
  writeFileSync(join(folder, 'config'), config)
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  const vpn = createVpn({
    region: REGION,
    endpointUrl: 'http://127.0.0.1:9',
    requestTimeoutMs: 2000,
    clock: systemClock,
  })
  const { message, code } = await failureOf(vpn.snapshot(ENDPOINT, never))
  vpn.close()
  expect(code).toBe('no-credentials')
  expect(message).not.toContain('hunter2')
  expect(message).not.toMatch(/[\r\n]/)
  return message
}

const A = { AWS_PROFILE: 'a' }

describe('a profile without credentials', () => {
  it.each([
    ['has no credentials', '[profile a]\nregion = eu-central-1', 'the profile "a" holds no credentials', 'role_arn'],
    ['has half a key', '[profile a]\naws_access_key_id = A', 'no aws_secret_access_key', 'add aws_secret_access_key'],
    ['has a role alone', `[profile a]\n${ROLE}`, 'neither source_profile nor credential_source', 'one of the two'],
    [
      'has two sources',
      `[profile a]\n${ROLE}\nsource_profile = b\ncredential_source = Environment\n[profile b]\n${KEY}`,
      'both source_profile and credential_source',
      'one of the two',
    ],
    ['names no profile', `[profile a]\n${ROLE}\nsource_profile = b`, 'profile "b", which does not exist', 'correct'],
    [
      'names a profile without credentials',
      `[profile a]\n${ROLE}\nsource_profile = b\n[profile b]\nregion = eu-central-1`,
      'the profile "b" holds no credentials, and the profile "a" needs them',
      'credential_process',
    ],
    [
      'names a profile that names it',
      `[profile a]\n${ROLE}\nsource_profile = b\n[profile b]\n${ROLE}\nsource_profile = a`,
      'the profiles "a", "b" take their credentials from each other',
      'source_profile',
    ],
    [
      'has an unknown source',
      `[profile a]\n${ROLE}\ncredential_source = Env`,
      'credential_source = Env',
      'Environment',
    ],
    ['needs a key', `[profile a]\n${ROLE}\ncredential_source = Environment`, 'from the environment', 'AWS_ACCESS_KEY'],
    [
      'needs a code',
      `[profile a]\n${ROLE}\nsource_profile = b\nmfa_serial = arn:aws:iam::111122223333:mfa/a\n[profile b]\n${KEY}`,
      'needs a code of an MFA device',
      'without MFA',
    ],
    ['ended its session', `[profile a]\nsso_session = corp\n${SSO}\n${SESSION}`, 'has ended', 'aws sso login'],
    [
      'never began its session',
      `[profile a]\nsso_session = corp2\n${SSO}\n${SESSION.replace('corp', 'corp2')}`,
      'the SSO session of the profile "a"',
      'aws sso login --profile a',
    ],
    ['names no session', `[profile a]\nsso_session = corp\n${SSO}`, '"corp", which does not exist', 'sso-session corp'],
    ['lacks a role', `[profile a]\nsso_session = corp\n${SESSION}`, 'lacks settings', 'sso_account_id, sso_role_name'],
    ['lacks an address', `[profile a]\n${SSO}`, 'lacks settings for SSO', 'add sso_start_url, sso_region'],
    ['logged out', '[profile a]\nlogin_session = arn:aws:iam::111122223333:user/a', 'the login of', 'aws login'],
    [
      'has no token',
      `[profile a]\n${ROLE}\nweb_identity_token_file = /nowhere/token`,
      'the token /nowhere/token cannot be read (ENOENT)',
      'web_identity_token_file of the profile "a"',
    ],
    ['fails', '[profile a]\ncredential_process = sh -c "echo hunter2 >&2; exit 3"', 'ended with an error', 'run its'],
    ['is not there', '[profile a]\ncredential_process = /nowhere/vault hunter2', 'ended with an error', 'run its'],
    ['prints no JSON', '[profile a]\ncredential_process = echo hunter2', 'returned invalid JSON', 'run its command'],
    ['hangs', '[profile a]\ncredential_process = sleep 20', 'has not ended within 1.6 s', 'raise poll.requestTimeout'],
  ])('that %s is named', async (_what, config, why, advice) => {
    const message = await messageWith(config, A)
    expect(message).toContain('"a"')
    expect(message).toContain(why)
    expect(message.slice(message.lastIndexOf('); '))).toContain(advice)
  })

  it.each([
    ['a', '[profile vault]\nregion = eu-central-1', 'no profile "a" in ', 'correct AWS_PROFILE: there is "vault"'],
    ['a b', '[profile vault]\nregion = x\n[profile old]\nregion = x\n', 'no profile "a b"', 'there are "vault", "old"'],
    ['a', 'hello: {\n}}}\n', 'no profile "a"', 'the files hold no profile: write [profile a]'],
    ['vault ', `[profile vault]\n${KEY}`, 'no profile "vault ", but there is "vault"', 'remove the blanks'],
    [' ', '', 'AWS_PROFILE holds only blanks', 'unset AWS_PROFILE'],
  ])('that is "%s" in AWS_PROFILE and is not there is named', async (name, config, why, advice) => {
    const message = await messageWith(config, { AWS_PROFILE: name })
    expect(message).toContain(why)
    expect(message).toContain(advice)
  })

  it('takes precedence over a key in the environment, which is said', async () => {
    const env = { ...A, AWS_ACCESS_KEY_ID: 'A', AWS_SECRET_ACCESS_KEY: 'hunter2' }
    expect(await messageWith('[profile a]\nregion = eu-central-1', env)).toContain('unset AWS_PROFILE')
    vi.stubEnv('AWS_CONFIG_FILE', undefined)
    const nowhere = await messageWith('', { ...env, AWS_PROFILE: 'nosuch' })
    expect(nowhere).toContain(
      'or correct AWS_PROFILE; or unset AWS_PROFILE, which takes precedence over AWS_ACCESS_KEY_ID',
    )
    expect(nowhere).not.toContain('AWS_CONFIG_FILE')
  })

  it('names a file that does not exist, and one that is a folder', async () => {
    const message = await messageWith('', { ...A, AWS_CONFIG_FILE: '/nowhere', AWS_SHARED_CREDENTIALS_FILE: folder })
    expect(message).toContain('/nowhere (which does not exist)')
    expect(message).toContain(`${folder} (which cannot be read: EISDIR)`)
  })
})

describe('an environment without credentials', () => {
  it.each([
    [{}, 'neither the environment nor a file names any', 'set AWS_PROFILE'],
    [{ AWS_ACCESS_KEY_ID: 'A' }, 'AWS_SECRET_ACCESS_KEY is not', 'set AWS_SECRET_ACCESS_KEY'],
    [{ AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/a' }, 'AWS_WEB_IDENTITY_TOKEN_FILE is not', 'set AWS_WEB'],
    [
      { AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/a', AWS_WEB_IDENTITY_TOKEN_FILE: '/nowhere/token' },
      'the token /nowhere/token cannot be read (ENOENT)',
      'service account',
    ],
    [
      { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:9/' },
      'the agent that AWS_CONTAINER_CREDENTIALS_FULL_URI names',
      'has a role',
    ],
    [
      {
        AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:9/',
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/nowhere/token',
      },
      'the token /nowhere/token cannot be read (ENOENT)',
      'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
    ],
  ])('with %j is named', async (env, why, advice) => {
    const message = await messageWith('', env as Record<string, string>)
    expect(message).toContain(why)
    expect(message).toContain(advice)
  })
})

it('a default profile without credentials is not the reason where nothing names it', async () => {
  const env = { AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/a', AWS_WEB_IDENTITY_TOKEN_FILE: '/nowhere/token' }
  const message = await messageWith('[default]\nregion = eu-central-1\ncli_pager = less\n', env)
  expect(message).toContain('the token /nowhere/token cannot be read (ENOENT)')
})

it('a profile that is corrected is found without a restart', async () => {
  expect(await messageWith('[profile b]\n', A)).toContain('no profile "a"')
  writeFileSync(join(folder, 'config'), '')
  const vpn = createVpn({
    region: REGION,
    endpointUrl: 'http://127.0.0.1:9',
    requestTimeoutMs: 2000,
    clock: systemClock,
  })
  expect((await failureOf(vpn.snapshot(ENDPOINT, never))).code).toBe('no-credentials')
  writeFileSync(join(folder, 'config'), `[profile a]\n${KEY}\n`)
  expect((await failureOf(vpn.snapshot(ENDPOINT, never))).code).toBe('unreachable')
  vpn.close()
})
