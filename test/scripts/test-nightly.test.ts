import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'curfew-nightly-'))
const callsPath = join(folder, 'calls')

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs the script with a stand-in for npm: it records its calls and ends as the two arguments say. */
const runNightly = (tests: string, world: string) => {
  const npm = `#!/bin/bash
echo "CURFEW_NIGHTLY=$CURFEW_NIGHTLY npm $*" >>'${callsPath}'
if [ "$1" = test ]; then ${tests}; else ${world}; fi
`
  writeFileSync(join(folder, 'npm'), npm, { mode: 0o755 })
  rmSync(callsPath, { force: true })
  const { stdout, status } = spawnSync('/bin/bash', ['scripts/test-nightly.sh'], {
    encoding: 'utf8',
    env: { PATH: `${folder}:/usr/bin:/bin` },
  })
  return { lastLine: stdout.trimEnd().split('\n').at(-1), status }
}

describe('npm run test:nightly', () => {
  it('runs all tests with CURFEW_NIGHTLY set, then worlds of one process and of replicas', () => {
    runNightly('echo "7 passed, 0 failed"', 'true')
    expect(readFileSync(callsPath, 'utf8').trimEnd().split('\n')).toEqual([
      'CURFEW_NIGHTLY=1 npm test',
      'CURFEW_NIGHTLY=1 npm run test:world -- --cycles 1000000 --seed 1',
      'CURFEW_NIGHTLY=1 npm run test:world -- --replicas --cycles 100000 --seed 1',
    ])
  })

  it.each([
    ['everything passes', 'echo "7 passed, 0 failed"', 'echo "every promise held"', '9 passed, 0 failed', 0],
    ['tests fail', 'echo "5 passed, 2 failed"; echo "npm error"; exit 1', 'true', '7 passed, 2 failed', 1],
    ['worlds break a promise', 'echo "7 passed, 0 failed"', 'exit 1', '7 passed, 2 failed', 1],
    ['tests and worlds fail', 'echo "5 passed, 2 failed"; exit 1', 'exit 1', '5 passed, 4 failed', 1],
    ['npm test crashes without a count', 'exit 137', 'true', '2 passed, 1 failed', 1],
  ])('prints the count of all in the last line if %s', (_, tests, world, lastLine, status) => {
    expect(runNightly(tests, world)).toEqual({ lastLine, status })
  })
})
