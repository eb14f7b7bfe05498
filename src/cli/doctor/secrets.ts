import type { AgingCertificate } from '../../adapters/http/certificate-life.ts'
import type { Configuration } from '../../config/configuration.ts'
import type { Check } from './examination.ts'
import { type Finding, failed, ok, warning } from './finding.ts'

interface Secrets {
  /** One line for each secret that is missing or wrong. No line contains a secret. */
  problems(configuration: Configuration): Promise<readonly string[]>
  /** The certificate of `server` that clients refuse now or soon. */
  aging(configuration: Configuration): Promise<AgingCertificate | undefined>
  /** What others can read. */
  exposures(configuration: Configuration): Promise<ReadonlyArray<{ readonly found: string; readonly advice: string }>>
}

/** The finding for a certificate that clients refuse now or soon. The daemon starts with it. */
const agingFinding = ({ state, found }: AgingCertificate): Finding => {
  const expected = 'a certificate that is valid for two weeks or more'
  const advice = 'renew it: the daemon reads the file again each minute'
  return state === 'ends-soon'
    ? warning({ found, expected, advice })
    : failed({ found: `${found}: clients refuse it`, expected, advice })
}

/** Whether the files and variables that hold secrets can be read, and by nobody else, and certificates are valid. */
export const secretsCheck = (secrets: Secrets): Check<Configuration, true> => ({
  name: 'secrets',
  async ask(configuration) {
    const [problem, ...others] = await secrets.problems(configuration)
    const expected = 'secrets that Curfew can read, and nobody else'
    if (problem !== undefined) {
      const found = others.length === 0 ? problem : `${problem}, and ${others.length} more`
      return { finding: failed({ found, expected, advice: 'correct it: the daemon does not start before' }) }
    }
    const aging = await secrets.aging(configuration)
    if (aging !== undefined) return { finding: agingFinding(aging), value: true }
    const [exposure] = await secrets.exposures(configuration)
    if (exposure !== undefined) return { finding: warning({ ...exposure, expected }), value: true }
    return { finding: ok('every secret can be read, and by nobody else'), value: true }
  },
})
