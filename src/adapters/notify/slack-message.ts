import type { Notification } from '../../app/notification.ts'
import type { NotificationEvent } from '../../config/configuration.ts'

/** What one message tells: everything of one kind, about one policy and endpoint, since the last. */
export interface Gathered {
  readonly latest: Notification
  /** How many notifications it stands for. */
  readonly count: number
  readonly connections: number
  /** Of the first ten. */
  readonly names: readonly string[]
}

/** Slack ends a message at 40,000 characters; what a file's problems say may be long. */
const LONGEST_PART = 300

/** A line of plain words: nothing in it mentions a channel, links, or begins another line. */
const plain = (text: string): string => {
  const line = text.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim()
  const short = line.length > LONGEST_PART ? `${line.slice(0, LONGEST_PART)}…` : line
  return short.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** As code: there Slack reads no markup, and makes neither links nor mentions. */
const code = (text: string): string => `\`${plain(text).replaceAll('`', "'")}\``

const sessions = (count: number) => (count === 1 ? '1 session' : `${count} sessions`)

const named = ({ names, connections }: Gathered): string => {
  const shown = names.map(code).join(', ')
  const more = connections - names.length
  return more > 0 ? `${shown} and ${more} more` : shown
}

const WHAT: Readonly<Record<Exclude<NotificationEvent, 'blind' | 'reload-refused'>, string>> = {
  warning: 'will end soon',
  terminated: 'ended',
  'gave-up': 'could not be ended, still connected',
  held: 'held by the guard, still connected',
}

/** The text of a message in Slack's markup. */
export const slackText = (gathered: Gathered): string => {
  const { latest, connections } = gathered
  const { event, endpoint, policy = '', data } = latest
  const where = endpoint === undefined ? '' : code(endpoint.name)
  const because = String(data.because)
  if (event === 'blind') return `*blind*: nothing is ended on ${where} until it can be read again: ${code(because)}`
  if (event === 'reload-refused') {
    const [first = ''] = data.problems as readonly string[]
    return `*reload-refused*: the new configuration has ${String(data.count)} problem(s) and was not taken: ${code(first)}`
  }
  const why = connections === 1 && data.because !== undefined ? ` (${code(because)})` : ''
  return `*${event}*: ${sessions(connections)} on ${where} ${WHAT[event]}, policy ${code(policy)}: ${named(gathered)}${why}`
}
