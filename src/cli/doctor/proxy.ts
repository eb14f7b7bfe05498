import type { Outgoing } from '../../adapters/proxy/outgoing.ts'
import type { Check } from './examination.ts'
import { failed, ok } from './finding.ts'

/** The variables of the environment that say how requests leave this machine. */
interface Environment {
  /** How they leave, or one line for each variable that is wrong. No line contains a password. */
  outgoing(): Outgoing | { readonly problems: readonly string[] }
  /** The names of those that are set. */
  set(): readonly string[]
}

/** Whether the variables of the proxy and of the trusted certificates can be used. */
export const proxyCheck = (environment: Environment): Check<unknown, Outgoing> => ({
  name: 'proxy',
  async ask() {
    const outgoing = environment.outgoing()
    if ('problems' in outgoing) {
      const found = outgoing.problems.join('; ')
      const expected = 'variables that say how requests leave this machine'
      return { finding: failed({ found, expected, advice: 'correct it: the daemon does not start before' }) }
    }
    const names = environment.set()
    const found = names.length === 0 ? 'HTTPS_PROXY and AWS_CA_BUNDLE are not set' : `${names.join(', ')} can be used`
    return { finding: ok(found), value: outgoing }
  },
})
