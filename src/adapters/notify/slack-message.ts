import type { Notification, Warning } from '../../app/notification.ts'
import type { NotificationEvent } from '../../config/configuration.ts'
import { endText, leftText } from '../../domain/time/end-text.ts'
import type { Instant } from '../../domain/time/instant.ts'

/** The content of one message: all notifications of one event, policy and endpoint since the previous message. */
export interface Gathered {
  readonly latest: Notification
  /** How many notifications the message contains. */
  readonly count: number
  readonly connections: number
  /** The principals of the first ten connections. */
  readonly names: readonly string[]
  /** The warnings of these connections. */
  readonly warnings: readonly Warning[]
  /** When the first connection of all warnings ends. */
  readonly firstEndsAt: Instant | undefined
}

/** In characters. Slack truncates a message at 40,000 characters, and the problem of a file can be long. */
const LONGEST_PART = 300

/** One line without markup: no mention of a channel, no link, no line break. */
const plain = (text: string): string => {
  const line = text.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim()
  const short = line.length > LONGEST_PART ? `${line.slice(0, LONGEST_PART)}…` : line
  return escaped(short)
}

/** The characters of Slack's markup as entities. */
export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** A text as code: inside code Slack interprets no markup, and makes neither links nor mentions. */
export const code = (text: string): string => `\`${plain(text).replaceAll('`', "'")}\``

const connectionCount = (count: number) => (count === 1 ? '1 connection' : `${count} connections`)

const nameList = ({ names, connections }: Pick<Gathered, 'names' | 'connections'>): string => {
  const shown = names.map(code).join(', ')
  const more = connections - names.length
  return more > 0 ? `${shown} and ${more} more` : shown
}

type ConnectionEvent = Exclude<NotificationEvent, 'warning' | 'held' | 'blind' | 'reload-refused' | 'audit-head'>

/** What happened to the connections of a message. */
const STATE: Readonly<Record<ConnectionEvent, string>> = {
  terminated: 'ended',
  'gave-up': 'could not be ended and may still be connected',
}

/** What the operator should do, if anything. The text is markup of Curfew: no text from outside may be in it. */
const ACTION: Readonly<Record<ConnectionEvent, string>> = {
  terminated: '',
  'gave-up': '. Curfew tries again every five minutes. See CurfewTerminationGaveUp in the runbook',
}

/** The facts of a hold, as `notificationOf` gives them. */
interface HeldData {
  readonly names: readonly string[]
  readonly endsNow: number
  readonly endsLater: number
  readonly active: number
  readonly since: string
}

/** When the connections of warnings end: `ends at 19:41 Europe/Berlin, in 5 minutes`. */
const endOf = ({ latest, connections, firstEndsAt }: Gathered, now: Instant): string => {
  const { endsAt = now, timeZone = 'UTC' } = latest.person ?? {}
  const at = firstEndsAt ?? endsAt
  const left = at > now ? `, ${leftText(at - now)}` : ''
  const word = at > now ? 'ends' : 'was to end'
  const end = `${endText(at, now, timeZone)}${left}`
  return connections === 1 ? `${word} at ${end}` : `will end soon, the first at ${end}`
}

/** The text of a message that is sent at `now`, in Slack's markup. */
export const slackText = (gathered: Gathered, now: Instant): string => {
  const { latest, connections } = gathered
  const { event, endpoint, policy = '', data } = latest
  const where = endpoint === undefined ? '' : code(endpoint.name)
  const because = String(data.because)
  if (event === 'blind') return `*blind*: nothing is ended on ${where} until Curfew can read it again: ${code(because)}`
  if (event === 'held') {
    const { names, endsNow, endsLater, active, since } = data as unknown as HeldData
    const some = names.length === 0 ? '' : `: ${nameList({ names, connections: endsNow })}`
    return `*held*: the guard holds policy ${code(policy)} on ${where} since ${code(since)}. It would end ${endsNow} of ${active} connections now${some}, and ${endsLater} more within 24h. It ends nobody there until it is edited. Fix the policy; or, if these connections are to end, write ${code('guard: off')} in it`
  }
  if (event === 'reload-refused') {
    const [first = ''] = data.problems as readonly string[]
    return `*reload-refused*: the new configuration has ${String(data.count)} problem(s) and was refused, the last good one stays in force: ${code(first)}. Fix the problems and save`
  }
  if (event === 'audit-head') {
    const where = typeof data.unit === 'string' ? ` of ${code(data.unit)}` : ''
    return `*audit-head*: line ${String(data.seq)} of the audit trail${where} has the hash ${code(String(data.hash))}. Keep it: \`curfew audit verify --anchor\` compares the trail with it`
  }
  const why = connections === 1 && data.because !== undefined ? ` (${code(because)})` : ''
  const state = event === 'warning' ? endOf(gathered, now) : STATE[event]
  const action = event === 'warning' ? '' : ACTION[event]
  return `*${event}*: ${connectionCount(connections)} on ${where} ${state}, policy ${code(policy)}: ${nameList(gathered)}${why}${action}`
}
