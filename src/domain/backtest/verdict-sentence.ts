import type { Summary } from './summary.ts'

const count = (number: number): string => number.toLocaleString('en-US')

const counted = (number: number, one: string, many = `${one}s`): string =>
  `${count(number)} ${number === 1 ? one : many}`

/** To the second, as people read it. */
const text = (at: string | null): string => at?.replace(/\.\d{3}Z$/, 'Z') ?? 'an unknown time'

/** What the policies would have done, in one sentence for the operator who wants to switch them on. */
export const verdictSentence = ({ ended, sessions, principals, period }: Summary): string => {
  const when = `between ${text(period.from)} and ${text(period.to)}`
  const ofAll = counted(sessions, 'session')
  if (ended.sessions === 0) {
    const people = principals === 0 ? '' : ` of ${counted(principals, 'person', 'people')}`
    return `These policies would have ended none of ${ofAll}${people} ${when}.`
  }
  // Sessions without a name are nobody's.
  const people =
    ended.principals === 0 ? '' : ` of ${count(ended.principals)} of ${counted(principals, 'person', 'people')}`
  return `These policies would have ended ${count(ended.sessions)} of ${ofAll}${people} ${when}.`
}
