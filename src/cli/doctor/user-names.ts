import { isActive } from '../../domain/connection.ts'
import type { Policy } from '../../domain/policies/policy.ts'
import { firstNames } from '../../domain/shortened.ts'
import type { Snapshot } from '../../domain/snapshot.ts'
import { count, plural } from '../number-text.ts'
import type { Check } from './examination.ts'
import { notChecked, ok, warning } from './finding.ts'

/** What a policy does not do for a connection that has only a common name, each as the way to change that. */
const remediesOf = ({ match, exempt, kind, rule, cooldownMs, cooldownByCommonName }: Policy): readonly string[] => {
  const entries = [...(match?.users ?? []), ...(exempt?.users ?? []), ...(kind.names?.(rule) ?? [])]
  const keyOf = kind.counting?.(rule).keyOf
  const isCounted = keyOf?.({ username: undefined, commonName: 'any', name: 'any' }) !== undefined
  return [
    ...(entries.some(({ pattern }) => pattern.field === 'username') ? ['"cn:" entries'] : []),
    ...(keyOf !== undefined && !isCounted ? ['countByCommonName'] : []),
    ...(cooldownMs > 0 && !cooldownByCommonName ? ['cooldownByCommonName'] : []),
  ]
}

const namesUsers = ({ match, exempt, kind }: Policy): boolean =>
  match?.users !== undefined || exempt?.users !== undefined || kind.namesUsers

/** Whether connections have the names that policies compare. An endpoint with certificates alone has no user names. */
export const userNamesCheck = (policies: readonly Policy[], subject: string): Check<Snapshot, true> => ({
  name: 'user-names',
  subject,
  async ask({ connections }) {
    const active = connections.filter(isActive)
    if (active.length === 0) return { finding: notChecked('nobody is connected') }
    const withoutUser = active.filter(({ username }) => username === undefined)
    const nameless = withoutUser.filter(({ commonName }) => commonName === undefined)
    const of = `of ${plural(active.length, 'connection')}`
    const expected = 'the names that the policies compare'
    const namesOf = (some: readonly Policy[]) => firstNames(some.map(({ name }) => `"${name}"`)).join(', ')

    const blind = policies.filter(namesUsers)
    if (nameless.length > 0 && blind.length > 0) {
      const found = `${count(nameless.length)} ${of} without a user name and a common name, of which ${namesOf(blind)} ${blind.length === 1 ? 'needs' : 'need'} one`
      const advice = 'check that each certificate has a common name: until then such connections stay up'
      return { finding: warning({ found, expected, advice }), value: true }
    }
    const weak = policies.filter((policy) => remediesOf(policy).length > 0)
    if (withoutUser.length > 0 && weak.length > 0) {
      const found = `${count(withoutUser.length)} ${of} without a user name, which ${namesOf(weak)} ${weak.length === 1 ? 'needs' : 'need'}`
      const remedies = [...new Set(weak.flatMap(remediesOf))].join(' and ')
      const advice = `with certificates alone AWS gives only common names: write ${remedies}, if no certificate is shared`
      return { finding: warning({ found, expected, advice }), value: true }
    }
    if (withoutUser.length > 0) {
      const found = `${count(withoutUser.length)} ${of} without a user name, which no policy needs`
      return { finding: ok(found), value: true }
    }
    return { finding: ok('every connection has a user name'), value: true }
  },
})
