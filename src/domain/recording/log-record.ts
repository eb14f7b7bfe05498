import { countOf, instantOf } from '../aws-text.ts'
import { nameOrNone } from '../connection.ts'
import type { Instant } from '../time/instant.ts'
import type { ConnectionRecord } from './connection-record.ts'
import { historyRecordOf } from './history-record.ts'

/** The record of one line, or the reason why it was not understood, for an operator. */
export type RecordRead = ConnectionRecord | { readonly problem: string }

/** Gives for a text one that is equal. A reader of many lines keeps each name once. */
type Same = (text: string) => string

type Fields = Readonly<Record<string, unknown>>

interface Form {
  /** The field that each line of this form has, and no line of another form. */
  readonly mark: string
  readonly read: (fields: Fields, same: Same) => RecordRead
}

/** The record of one parsed line. Fields that are not known are ignored. */
export const recordOf = (value: unknown, same: Same = (text) => text): RecordRead => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { problem: 'it is no JSON object' }
  const fields = value as Fields
  const form = FORMS.find(({ mark }) => fields[mark] !== undefined)
  if (form === undefined) return lacking('connection-log-type')
  return form.read(fields, same)
}

/** AWS says with one of two statuses what a line of each type shows. `NA` is its word for a status that is not given. */
const TYPES = new Map<unknown, { readonly status: string; readonly shows: ReadonlyMap<unknown, What> }>([
  [
    'connection-attempt',
    {
      status: 'connection-attempt-status',
      shows: new Map<unknown, What>([
        ['successful', 'begin'],
        ['failed', 'failed'],
        ['waiting-for-assertion', 'login-step'],
      ]),
    },
  ],
  [
    'connection-reset',
    {
      status: 'connection-reset-status',
      shows: new Map<unknown, What>([
        ['NA', 'end'],
        ['assertion-received', 'login-step'],
      ]),
    },
  ],
])

type What = ConnectionRecord['what']

/** A line of the connection log that AWS writes to CloudWatch Logs. */
const readLogLine = (fields: Fields, same: Same): RecordRead => {
  const type = TYPES.get(fields['connection-log-type'])
  if (type === undefined) return unexpected(fields, 'connection-log-type', [...TYPES.keys()])
  const status = fields[type.status]
  const what = type.shows.get(isGiven(status) ? status : 'NA')
  if (what === undefined) return unexpected(fields, type.status, [...type.shows.keys()])
  const connectionId = textOf(fields['connection-id'])
  const endpointId = textOf(fields['client-vpn-endpoint-id'])
  const [username, commonName] = [textOf(fields.username), textOf(fields['common-name'])]
  const startedAt = timeOf(fields['connection-start-time'])
  const record: ConnectionRecord = {
    what,
    connectionId: connectionId ?? '',
    endpointId: endpointId === undefined ? '' : same(endpointId),
    username: username && same(username),
    commonName: commonName && same(commonName),
    startedAt,
    updatedAt: timeOf(fields['connection-last-update-time']),
    endedAt: timeOf(fields['connection-end-time']),
    ingressBytes: bytesOf(fields['ingress-bytes']),
    egressBytes: bytesOf(fields['egress-bytes']),
    posture: postureOf(fields['posture-compliance-statuses'], same),
  }
  if (what !== 'begin' && what !== 'end') return record
  if (connectionId === undefined) return lacking('connection-id')
  if (endpointId === undefined) return lacking('client-vpn-endpoint-id')
  for (const [key, field] of TIMES) {
    if (record[field] === undefined && isGiven(fields[key]))
      return { problem: `${found(fields, key)}: expected a time` }
  }
  // Without a time, a session has no place in the recording.
  if (startedAt === undefined && (what === 'begin' || (record.endedAt ?? record.updatedAt) === undefined)) {
    return lacking('connection-start-time')
  }
  return record
}

const TIMES = [
  ['connection-start-time', 'startedAt'],
  ['connection-last-update-time', 'updatedAt'],
  ['connection-end-time', 'endedAt'],
] as const

const FORMS: readonly Form[] = [
  { mark: 'connection-log-type', read: readLogLine },
  { mark: 'event', read: historyRecordOf },
]

/** Whether a parsed value is a line of a recording, rather than something that may hold such lines. */
export const isLine = (fields: Fields): boolean => FORMS.some(({ mark }) => fields[mark] !== undefined)

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? nameOrNone(value) : undefined)

/** Whether a field has a value, and not a text that stands for none. */
const isGiven = (value: unknown): boolean =>
  typeof value === 'string' ? nameOrNone(value) !== undefined : value !== undefined && value !== null

const timeOf = (value: unknown): Instant | undefined =>
  typeof value === 'string' && value !== 'NA' ? instantOf(value) : undefined

/** AWS writes counters as texts. Tools that convert a log make numbers of them. */
const bytesOf = (value: unknown): number | undefined => {
  if (typeof value === 'string') return countOf(value)
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined
}

/** A list, or its text in any of the usual ways: `["one","two"]`, `[one, two]` or `one,two`. */
const postureOf = (value: unknown, same: Same): readonly string[] | undefined => {
  const words = Array.isArray(value) ? value : wordsOf(textOf(value))
  return words?.every((word) => typeof word === 'string') === true ? words.map(same) : undefined
}

const wordsOf = (text: string | undefined): string[] | undefined => {
  if (text === undefined) return undefined
  const list = /^\s*\[(.*)\]\s*$/s.exec(text)?.[1] ?? text
  return list
    .split(',')
    .map((word) => word.trim().replace(/^"(.*)"$/, '$1'))
    .filter((word) => word !== '')
}

const LONGEST_QUOTE = 60

const found = (fields: Fields, key: string): string => {
  const value = fields[key]
  if (!isGiven(value) && typeof value !== 'string') return `"${key}" is missing`
  return `"${key}" is ${typeof value === 'string' ? `"${value.slice(0, LONGEST_QUOTE)}"` : 'no text'}`
}

const unexpected = (fields: Fields, key: string, expected: readonly unknown[]) => ({
  problem: `${found(fields, key)}: expected ${expected.join(', ').replace(/, (?=[^,]*$)/, ' or ')}`,
})

const lacking = (key: string) => ({ problem: `it has no "${key}"` })
