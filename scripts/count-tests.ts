import { readFileSync } from 'node:fs'

/** What we read of the report of vitest's json reporter. */
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

const [path = '', exitCode = '1'] = process.argv.slice(2)
const report = readReport(path)

// A file that could not be loaded, or whose hooks failed, has failed without a failed test in it.
const brokenFiles = report.testResults.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.every((test) => test.status !== 'failed'),
).length
const counted = report.numFailedTests + brokenFiles

// vitest also fails for what belongs to no test: an unhandled rejection, no tests found, a crash.
const failed = counted === 0 && exitCode !== '0' ? 1 : counted

process.stdout.write(`${report.numPassedTests} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1
