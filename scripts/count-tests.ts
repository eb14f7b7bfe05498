import { readFileSync } from 'node:fs'

/** The part of the report of vitest's json reporter that this script reads. */
interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly testResults: ReadonlyArray<{
    readonly status: string
    readonly assertionResults: ReadonlyArray<{ readonly status: string }>
  }>
}

const readReport = (path: string): Report => {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Report
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, testResults: [] }
  }
}

// Usage: count-tests.ts REPORT EXIT_CODE. Prints `N passed, N failed`; the exit code is 1 if a test failed.
const [path = '', exitCode = '1'] = process.argv.slice(2)
const report = readReport(path)

// A file that cannot be loaded, or has a failed hook, is reported as failed without a failed test.
const brokenFiles = report.testResults.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.every((test) => test.status !== 'failed'),
).length
const counted = report.numFailedTests + brokenFiles

// vitest also fails without a failed test or file: for an unhandled rejection, if it finds no tests, in a crash.
const failed = counted === 0 && exitCode !== '0' ? 1 : counted

process.stdout.write(`${report.numPassedTests} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1
