import type { Overview } from '../../app/overview.ts'
import { plural } from './words.ts'

/** Whether Curfew enforces, in a few words. */
interface Headline {
  readonly severity: 'good' | 'care' | 'bad'
  readonly title: string
  readonly text: string
}

export const headlineOf = ({ mode, endpoints, policies, ongoing }: Overview): Headline => {
  const [all, acting] = [policies.length, policies.filter(({ acts }) => acts).length]
  const blind = endpoints.filter(({ view }) => view === 'blind').length
  const unseen = endpoints.filter(({ view }) => view === 'unseen').length
  const watched = plural(endpoints.length, 'endpoint')
  const inForce = all === 1 ? '1 policy' : `${all} policies`
  const scope = `${inForce} on ${watched}`
  if (mode === 'enforce' && acting > 0) {
    if (ongoing.unwritable.has('audit')) {
      return { severity: 'bad', title: 'Nothing is ended', text: `The audit trail cannot be written. ${scope}.` }
    }
    if (ongoing.clocks === 'apart') {
      return { severity: 'bad', title: 'Nothing is ended', text: `Nobody knows what time it is. ${scope}.` }
    }
  }
  if (blind > 0) {
    const title = blind === endpoints.length ? 'BLIND' : `${blind} of ${watched} BLIND`
    const elsewhere = blind === endpoints.length ? '' : ` On the others the mode is ${mode}.`
    return { severity: 'bad', title, text: `Nothing is ended where Curfew is blind.${elsewhere} ${scope}.` }
  }
  if (mode === 'audit') {
    return {
      severity: 'care',
      title: 'Audit only',
      text: `Nothing is ended, because curfew.yaml says “mode: audit”. Curfew reports what ${scope} would end.`,
    }
  }
  if (acting === 0) {
    return {
      severity: 'care',
      title: 'Audit only',
      text: `Nothing is ended, because each policy says “mode: audit”. ${scope}.`,
    }
  }
  if (endpoints.length === 0) {
    return {
      severity: 'care',
      title: 'No endpoints',
      text: `Nothing is watched: no endpoint has been found. ${inForce}.`,
    }
  }
  if (unseen > 0) {
    return { severity: 'care', title: 'Starting', text: `${plural(unseen, 'endpoint')} not read yet. ${scope}.` }
  }
  const held = new Set(endpoints.flatMap(({ holds }) => holds.map(({ policy }) => policy))).size
  const audited = acting === all ? '' : `, ${all - acting} of them in audit`
  const text = `${inForce}${audited}, on ${watched}.`
  return held === 0
    ? { severity: 'good', title: 'Enforcing', text }
    : { severity: 'care', title: 'Enforcing', text: `${text} The guard holds ${held} of the policies.` }
}
