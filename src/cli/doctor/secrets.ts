import type { Configuration } from '../../config/configuration.ts'
import type { Check } from './examination.ts'
import { failed, ok, warning } from './finding.ts'

interface Secrets {
  /** One line for each secret that is missing or wrong. No line contains a secret. */
  problems(configuration: Configuration): Promise<readonly string[]>
  /** What others can read. */
  exposures(configuration: Configuration): Promise<ReadonlyArray<{ readonly found: string; readonly advice: string }>>
}

/** Whether the files and variables that hold secrets can be read, and by nobody else. */
export const secretsCheck = (secrets: Secrets): Check<Configuration, true> => ({
  name: 'secrets',
  async ask(configuration) {
    const [problem, ...others] = await secrets.problems(configuration)
    const expected = 'secrets that Curfew can read, and nobody else'
    if (problem !== undefined) {
      const found = others.length === 0 ? problem : `${problem}, and ${others.length} more`
      return { finding: failed({ found, expected, advice: 'correct it: the daemon does not start before' }) }
    }
    const [exposure] = await secrets.exposures(configuration)
    if (exposure !== undefined) return { finding: warning({ ...exposure, expected }), value: true }
    return { finding: ok('every secret can be read, and by nobody else'), value: true }
  },
})
