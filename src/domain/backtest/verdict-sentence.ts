import type { Summary } from './summary.ts'

const count = (number: number): string => number.toLocaleString('en-US')

const counted = (number: number, one: string, many = `${one}s`): string =>
  `${count(number)} ${number === 1 ? one : many}`

/** To the second, as people read it. */
const text = (at: string | null): string => at?.replace(/\.\d{3}Z$/, 'Z') ?? 'an unknown time'

/** The verdict in one sentence for the operator who wants to switch them on. */
export const verdictSentence = ({ ended, sessions, principals, period }: Summary): string => {
  const found = `Between ${text(period.from)} and ${text(period.to)}, these policies would have ended`
  const ofAll = counted(sessions, 'session')
  const people = counted(principals, 'person', 'people')
  if (ended.sessions === 0) return `${found} none of ${ofAll}${principals === 0 ? '' : ` of ${people}`}.`
  // Sessions without a name are nobody's.
  const ofPeople = ended.principals === 0 ? '' : ` and disconnected ${count(ended.principals)} of ${people}`
  return `${found} ${count(ended.sessions)} of ${ofAll}${ofPeople}.`
}
