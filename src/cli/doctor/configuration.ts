import type { Configuration } from '../../config/configuration.ts'
import { plural } from '../number-text.ts'
import type { Check } from './examination.ts'
import { failed, ok, warning } from './finding.ts'

interface Files {
  /** The daemon's file and everything that it names, with its problems in one line each. */
  load(): {
    readonly configuration: Configuration | undefined
    readonly errors: readonly string[]
    readonly warnings: readonly string[]
  }
}

const andMore = ([first = '', ...others]: readonly string[], noun: string) =>
  others.length === 0 ? first : `${first}, and ${plural(others.length, `more ${noun}`)}`

/** Whether the daemon would load its file and everything that the file names. */
export const configurationCheck = (files: Files): Check<true, Configuration> => ({
  name: 'configuration',
  async ask() {
    const { configuration, errors, warnings } = files.load()
    const expected = 'files that the daemon loads'
    if (configuration === undefined) {
      const advice = 'correct it; "curfew validate" shows every problem'
      return { finding: failed({ found: andMore(errors, 'error'), expected, advice }) }
    }
    if (warnings.length > 0) {
      const found = andMore(warnings, 'warning')
      const advice = 'see whether you mean it; "curfew validate" shows every warning'
      return { finding: warning({ found, expected: 'files that say what you mean', advice }), value: configuration }
    }
    const { mode, policies } = configuration
    const entries = configuration.watch.length
    const policyCount = policies.length === 1 ? '1 policy' : `${policies.length} policies`
    const entryCount = entries === 1 ? '1 entry' : `${entries} entries`
    return { finding: ok(`mode ${mode}, ${policyCount}, ${entryCount} in "watch"`), value: configuration }
  },
})
