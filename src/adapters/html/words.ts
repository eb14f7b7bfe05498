import { type Instant, toIso } from '../../domain/time/instant.ts'
import { type Content, html } from './html.ts'

/** A number with commas between thousands. */
export const count = (number: number): string => number.toLocaleString('en-US')

export const plural = (number: number, noun: string, many = `${noun}s`): string =>
  `${count(number)} ${number === 1 ? noun : many}`

/** An instant in UTC: the time of day, with the date if it is another day than `now`. */
export const timeOf = (at: Instant, now: Instant): Content => {
  const iso = toIso(at)
  if (iso === null) return 'never'
  const [date = '', time = ''] = iso.split('T')
  const day = toIso(now)?.startsWith(date) ? '' : `${date} `
  return html`<time datetime="${iso}">${day}${time.slice(0, 8)}Z</time>`
}

/** The same of an instant as `/status` has it. */
export const timeOfIso = (iso: string, now: Instant): Content => timeOf(Date.parse(iso), now)
