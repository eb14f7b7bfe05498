import { describe, expect, it } from 'vitest'
import { HOUR } from '../../src/domain/time/instant.ts'
import { fuzzRuns } from '../fuzz-runs.ts'
import { workspace } from './curfew.ts'
import { AGE_POLICY, curfewYaml, OFFICE, startOffice } from './office.ts'

/** Variables that must not affect a plan, whatever their values. */
const IRRELEVANT = {
  AWS_REGION: ['', ' ', 'nowhere', 'eu central 1'],
  AWS_DEFAULT_REGION: [''],
  AWS_SDK_LOAD_CONFIG: ['x'],
  AWS_EC2_METADATA_DISABLED: ['', 'maybe'],
  NO_COLOR: ['', '0'],
  FORCE_COLOR: ['3'],
  TERM: ['', 'dumb'],
  TZ: ['', 'Nowhere/Land', 'America/New_York'],
  LANG: ['xx_YY'],
  LC_ALL: ['tr_TR.UTF-8'],
  NODE_ENV: ['', 'production'],
  LOG_FORMAT: ['', 'xml'],
  HOME: ['', '/none'],
  COLUMNS: ['1', 'x'],
}

/** Variables that may prevent requests to AWS. */
const RELEVANT = {
  AWS_MAX_ATTEMPTS: ['', 'many', '-1'],
  AWS_RETRY_MODE: ['', 'odd'],
  AWS_USE_FIPS_ENDPOINT: ['maybe'],
  AWS_USE_DUALSTACK_ENDPOINT: ['maybe'],
  AWS_DEFAULTS_MODE: ['odd'],
  AWS_PROFILE: ['none', '__proto__'],
  AWS_CONFIG_FILE: ['/none', '/dev', '/dev/zero/x'],
  AWS_ENDPOINT_URL_EC2: ['', 'not a url', 'ftp://127.0.0.1:9', 'http://127.0.0.1:99999', 'http://'],
  AWS_ENDPOINT_URL_STS: ['', 'not a url'],
  AWS_ACCESS_KEY_ID: ['', 'a b', '\u00e9'],
  AWS_SECRET_ACCESS_KEY: [''],
  AWS_SESSION_TOKEN: ['', 'a\nb'],
  AWS_STS_REGIONAL_ENDPOINTS: ['odd'],
}

/** The first values of all variables together, then the second ones, and so on. */
const together = (all: Readonly<Record<string, readonly string[]>>) =>
  Array.from({ length: Math.max(...Object.values(all).map(({ length }) => length)) }, (_, index) =>
    Object.fromEntries(Object.entries(all).map(([name, values]) => [name, values[index % values.length] ?? ''])),
  )

/** Each value on its own. A short run takes only the first value of each variable. */
const oneByOne = (all: Readonly<Record<string, readonly string[]>>) =>
  Object.entries(all).flatMap(([name, values]) => values.slice(0, fuzzRuns(1)).map((value) => ({ [name]: value })))

/** Runs `curfew plan` in each of the environments, four at a time. */
const planIn = async (environments: readonly Readonly<Record<string, string>>[]) => {
  await using office = await startOffice()
  office.world.connect({ endpointId: OFFICE, username: 'bob', ageMs: 9 * HOUR })
  await using here = await workspace({
    'curfew.yaml': curfewYaml('poll: { requestTimeout: 2s }'),
    'policies.yaml': AGE_POLICY,
  })
  const plan = async (env: Readonly<Record<string, string>>) => ({
    env,
    ...(await here.run(['plan', '-c', 'curfew.yaml', '--mode', 'enforce', '--output', 'json'], {
      ...office.env,
      ...env,
    })),
  })
  const results: Awaited<ReturnType<typeof plan>>[] = []
  for (let from = 0; from < environments.length; from += 4)
    results.push(...(await Promise.all(environments.slice(from, from + 4).map(plan))))
  return results
}

const terminationsIn = (stdout: string) =>
  (JSON.parse(stdout) as { endpoints: { complete: boolean; terminate: unknown[] | null }[] }).endpoints.map(
    ({ complete, terminate }) => [complete, terminate?.length],
  )

describe('a plan', () => {
  it('is the same whatever values unrelated environment variables have', async () => {
    for (const { env, code, stdout, stderr } of await planIn(together(IRRELEVANT))) {
      expect([env, code, stderr]).toEqual([env, 0, ''])
      expect([env, terminationsIn(stdout)]).toEqual([env, [[true, 1]]])
      expect(stdout).not.toContain('\u001b')
    }
  })

  it('is complete, or blind with one line that says why, whatever values the AWS variables have', async () => {
    for (const { env, code, stdout, stderr } of await planIn(oneByOne(RELEVANT))) {
      expect([env, [0, 1].includes(code ?? -1)]).toEqual([env, true])
      expect([env, terminationsIn(stdout)]).toEqual([env, [code === 0 ? [true, 1] : [false, undefined]]])
      expect([env, stderr.split('\n').length]).toEqual([env, code === 0 ? 1 : 2])
      if (code === 1) expect(stderr).toMatch(/^curfew: /)
    }
  })
})

describe('the variable CURFEW_CONFIG', () => {
  it.each(['validate', 'plan', 'run', 'test'])(
    'is named by %s if it names a file that does not exist',
    async (command) => {
      await using here = await workspace({})
      await using running = here.start([command], { CURFEW_CONFIG: 'nowhere/curfew.yaml' })
      expect(await running.exited).toBe(1)
      expect(running.stderr).toMatch(
        /^nowhere\/curfew\.yaml:1:1: error: the file does not exist.* the variable CURFEW_CONFIG /,
      )
    },
  )

  it('is not named where --config names the file', async () => {
    await using here = await workspace({})
    await using running = here.start(['validate', '-c', 'elsewhere.yaml'], { CURFEW_CONFIG: 'nowhere/curfew.yaml' })
    expect(await running.exited).toBe(1)
    expect(running.stderr).toMatch(/^elsewhere\.yaml:1:1: error: the file does not exist/)
    expect(running.stderr).not.toContain('CURFEW_CONFIG')
  })
})
