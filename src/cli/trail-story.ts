import { outcomeOf, type TrailEntry, type TrailTermination } from '../app/trail-entries.ts'
import { type Naming, TRAIL_TEXTS, type TrailRecord } from '../app/trail-record.ts'
import { hanging } from '../domain/hanging.ts'
import { shownName } from '../domain/names/shown-name.ts'
import { toText } from '../domain/time/instant.ts'
import { plural } from './number-text.ts'

/** The instant to the second, as other outputs have it. */
const toSecond = (iso: string) => toText(Date.parse(iso))

const nameOf = ({ username, commonName }: TrailRecord): string => {
  if (username === undefined) return commonName === undefined ? '(no name)' : `cn ${shownName(commonName)}`
  const name = shownName(username)
  return commonName === undefined || commonName === username ? name : `${name} (cn ${shownName(commonName)})`
}

const endpointOf = ({ endpointId, region, account }: TrailRecord): string =>
  `${endpointId} (${account === undefined ? region : `${region}, ${account}`})`

/** The newest outcome in words. */
const MEANINGS: Readonly<Record<string, string>> = {
  confirmed: 'ended',
  'already-gone': 'was gone before a call could end it',
  accepted: 'ended by the call for another connection of this user',
  failed: 'not ended yet: AWS refused the call',
  'gave-up': 'not ended: all attempts failed',
}

const meaningOf = (termination: TrailTermination): string => {
  const outcome = outcomeOf(termination)
  if (outcome === undefined) return 'no outcome yet: throttled, withdrawn, or not proven so far'
  return MEANINGS[outcome] ?? outcome
}

const TITLE_WIDTH = 12

/** A text under a title, in lines of at most `width`. */
const titled = (title: string, text: string, width: number) => hanging(`  ${title.padEnd(TITLE_WIDTH)} `, text, width)

const SELECTORS: Readonly<Record<string, string>> = { 'connection-id': 'connection id', username: 'user name' }

const storyOf = (termination: TrailTermination, width: number): string => {
  const { last, calls, results } = termination
  const startedAt = calls[0]?.intentAt ?? results[0]?.at ?? last.time
  const also = last.alsoBy?.length ? [titled('also by', last.alsoBy.join(', '), width)] : []
  const violated = last.since === undefined ? [] : [titled('violated', violatedText(last), width)]
  const steps = [
    ...calls.map(({ id, selector, intentAt, seq, policy }) => ({
      seq,
      title: 'intent',
      text: `${intentAt} line ${seq}: call ${id} by ${SELECTORS[selector] ?? selector}${policy === last.policy ? '' : `, policy ${policy}`}`,
    })),
    ...results.map(({ at, outcome, callId, requestId, seq }) => ({
      seq,
      title: outcome,
      text: `${at} line ${seq}: call ${callId}${requestId === undefined ? '' : `, request ${requestId}`}`,
    })),
  ].sort((a, b) => a.seq - b.seq)
  return [
    hanging(`${toSecond(startedAt)}  `, `${nameOf(last)}: ${meaningOf(termination)}`, width),
    titled('connection', last.connectionId ?? '', width),
    titled('endpoint', endpointOf(last), width),
    titled('policy', `${last.policy} (${last.reason}): ${last.because}`, width),
    ...also,
    ...violated,
    ...steps.map(({ title, text }) => titled(title, text, width)),
    titled('policy set', last.policySetHash ?? '', width),
  ].join('\n')
}

const violatedText = ({ since = '', deadline }: TrailRecord) =>
  `since ${toSecond(since)}${deadline === undefined || deadline === since ? '' : `, due at ${toSecond(deadline)}`}`

/** Fields of an event that have a place of their own in its text, or that are left out of it. */
const PLACED = new Set<string>([
  ...TRAIL_TEXTS,
  'seq',
  'time',
  'event',
  'prev',
  'alsoBy',
  'added',
  'removed',
  'part',
  'parts',
  'named',
])

const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))

/** The entries that an edit of a list added or removed. */
const entriesOf = (title: string, entries: readonly string[] | undefined) =>
  entries === undefined ? '' : `${title} ${entries.map(shownName).join(', ') || 'none'}`

/** A pattern such as "*" may fit every entry of a long list. */
const MOST_NAMINGS = 10

const namingTexts = (named: readonly Naming[]): readonly string[] => {
  const more = named.length - MOST_NAMINGS
  return [...named.slice(0, MOST_NAMINGS).map(namingText), ...(more > 0 ? [`named ${more} more times`] : [])]
}

/** Where a policy set names the person, with the reason. */
const namingText = ({ policy, list, entry }: Naming) => {
  const { pattern = entry, reason } = Object(entry) as { readonly pattern?: unknown; readonly reason?: unknown }
  const place = policy === null ? `"${list}"` : `"${list}" of policy ${policy}`
  return `named as ${shownName(String(pattern))} in ${place}${typeof reason === 'string' ? ` (${reason})` : ''}`
}

const eventOf = (record: TrailRecord, width: number): string => {
  const { event, time, username, commonName, policy, endpointId, connectionId, because, policySetHash } = record
  const isAboutUser = username !== undefined || commonName !== undefined || connectionId !== undefined
  const others = Object.entries(record)
    .filter(([key]) => !PLACED.has(key) && !(event === 'extended' && OF_EXTENSION.has(key)))
    .map(([key, value]) => `${key} ${textOf(value)}`)
  const reason = [policy === undefined ? [] : `policy ${policy}`, because ?? []].flat().join(': ')
  const facts = [
    isAboutUser ? nameOf(record) : '',
    event === 'would-end' ? `would have ended, but ${heldBack(record)}` : '',
    event === 'extended' ? extensionText(record) : '',
    reason,
    ...others,
    entriesOf('added', record.added),
    entriesOf('removed', record.removed),
    connectionId ?? '',
    endpointId === undefined ? '' : `on ${endpointId}`,
    ...namingTexts(record.named ?? []),
    record.parts === undefined || record.named !== undefined ? '' : `text in ${plural(record.parts, 'record')}`,
    SETS.has(event) ? `policy set ${policySetHash}` : '',
  ].filter((fact) => fact !== '')
  return hanging(`${toSecond(time)}  `, facts.length === 0 ? event : `${event}: ${facts.join('; ')}`, width)
}

/** Fields of an extension that its own text has. */
const OF_EXTENSION = new Set(['endsAt', 'extension', 'by', 'via'])

const extensionText = ({ deadline = '', endsAt = '', by, extension }: TrailRecord) =>
  `moved the end by ${by} from ${toSecond(deadline)} to ${toSecond(endsAt)} through a link, extension ${extension}`

/** Why a connection is not ended although it is due. */
const heldBack = ({ heldBy }: TrailRecord) =>
  heldBy === undefined ? 'the policy only reports' : `the ${heldBy} holds the policy`

/** The events of a policy set that begins to be in force. */
const SETS = new Set(['start', 'reload', 'policy-set'])

/** An entry for a person: a termination as a block of lines, any other event as one line, broken at `width`. */
export const storyLines = (entry: TrailEntry, width: number): string =>
  entry.entry === 'termination' ? storyOf(entry, width) : eventOf(entry.record, width)
