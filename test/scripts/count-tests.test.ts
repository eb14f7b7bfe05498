import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'curfew-counts-'))
const path = join(folder, 'report.json')

const count = (report: string, exitCode: number) => {
  writeFileSync(path, report)
  const script = ['--import', 'tsx', 'scripts/count-tests.ts', path, String(exitCode)]
  const { stdout, status } = spawnSync(process.execPath, script, { cwd: root, encoding: 'utf8' })
  return { stdout, status }
}

/** A report of vitest with one test file per argument: the status of the file, then the status of each test. */
const report = (...files: ReadonlyArray<readonly [file: string, ...tests: string[]]>) => {
  const all = files.flatMap(([, ...tests]) => tests)
  return JSON.stringify({
    numPassedTests: all.filter((status) => status === 'passed').length,
    numFailedTests: all.filter((status) => status === 'failed').length,
    testResults: files.map(([status, ...tests]) => ({
      status,
      assertionResults: tests.map((test) => ({ status: test })),
    })),
  })
}

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the last line of npm test', () => {
  it.each([
    ['everything passes', report(['passed', 'passed', 'passed'], ['passed', 'passed']), 0, '3 passed, 0 failed\n', 0],
    ['a test fails', report(['failed', 'passed', 'failed'], ['passed', 'passed']), 1, '2 passed, 1 failed\n', 1],
    ['a file cannot be loaded', report(['failed'], ['passed', 'passed']), 1, '1 passed, 1 failed\n', 1],
    ['a hook fails', report(['failed', 'skipped', 'skipped'], ['failed', 'failed']), 1, '0 passed, 2 failed\n', 1],
    ['a promise is rejected outside the tests', report(['passed', 'passed']), 1, '1 passed, 1 failed\n', 1],
    ['vitest crashes without a report', '', 137, '0 passed, 1 failed\n', 1],
  ])('counts the tests when %s', (_, written, exitCode, stdout, status) => {
    expect(count(written, exitCode)).toEqual({ stdout, status })
  })
})
