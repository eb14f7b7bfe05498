import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { MINUTE } from '../../src/domain/time/instant.ts'
import { NOW } from '../cli/company.ts'
import { clockAt, workspace } from '../cli/curfew.ts'
import { loggedWeek, MONDAY } from '../cli/logged-week.ts'
import { startOffice } from '../cli/office.ts'
import { blocks } from './pages.ts'

interface Job {
  readonly jobs: { readonly backtest: { readonly steps: ReadonlyArray<{ readonly run?: string }> } }
}

/** The commands of the job, as a shell splits them. */
const commands = (): readonly (readonly string[])[] => {
  const job = blocks.find(({ page, text }) => page === 'docs/backtest.md' && /^jobs:/m.test(text))
  const { steps } = (parse(job?.text ?? '') as Job).jobs.backtest
  return steps.flatMap(({ run }) =>
    run === undefined ? [] : [[...run.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '')],
  )
}

/** A policy that no log can judge. */
const IDLE = 'version: 1\npolicies: [{ name: idle, kind: idle-timeout, after: 1h }]\n'

/** The week has a damaged line, as no log group has. */
const isWhole = (line: string) => line.endsWith('}')

describe('the job of CI on the page about backtests', () => {
  it('passes without an edit, and fails where the edit enforces, or ends more sessions of the log group', async () => {
    await using office = await startOffice({}, { now: () => NOW })
    const lines = loggedWeek().split('\n').filter(isWhole)
    office.logGroups.write(
      { account: '111122223333', region: 'eu-central-1', name: '/aws/clientvpn' },
      lines.map((message, index) => ({ publishedAt: MONDAY + index * MINUTE, message })),
    )
    const env = { ...office.env, ...clockAt(NOW), AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: office.url }
    await using here = await workspace({})
    for (const folder of ['config', 'before/config']) {
      await here.run(['init', folder, '--region', 'eu-central-1', '--endpoint', 'cvpn-endpoint-0123456789abcdef0'])
      await here.write(`${folder}/policies/idle.yaml`, IDLE)
    }
    const results = async () => {
      const found = []
      for (const [program, ...args] of commands()) {
        expect(program).toBe('curfew')
        const { code, stderr } = await here.run(args, env)
        found.push({ command: args[0], code, stderr })
      }
      return found
    }
    expect(await results()).toMatchObject([
      { command: 'validate', code: 0 },
      { command: 'backtest', code: 0 },
    ])
    const failed = [
      { command: 'validate', code: 0 },
      { command: 'backtest', code: 1, stderr: expect.stringContaining("'against.newlyEnded>0' holds") as string },
    ]
    const enforce = async (file: string) => {
      const text = await readFile(join(here.folder, file), 'utf8')
      await here.write(file, text.replace('mode: audit', 'mode: enforce'))
    }
    await enforce('config/curfew.yaml')
    expect(await results()).toMatchObject(failed)
    await enforce('before/config/curfew.yaml')
    await here.write(
      'config/policies/daily-reauthentication.yaml',
      'version: 1\npolicies: [{ name: daily-reauthentication, kind: max-session-age, maxAge: 3h }]\n',
    )
    expect(await results()).toMatchObject(failed)
  })
})
