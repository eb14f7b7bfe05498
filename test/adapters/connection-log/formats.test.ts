import { describe, expect, it } from 'vitest'
import { createLines } from '../../../src/adapters/connection-log/lines-read.ts'
import { createLogReader } from '../../../src/adapters/connection-log/log-reader.ts'
import { attempt, reset } from './lines.ts'

/** Reads a text in chunks of so many bytes. */
const read = (text: string, chunkBytes = 1024) => {
  const ids: string[] = []
  const lines = createLines(({ what, connectionId }) => ids.push(`${what} ${connectionId}`))
  const reader = createLogReader('log', lines)
  const bytes = Buffer.from(text)
  for (let from = 0; from < bytes.length; from += chunkBytes) reader.push(bytes.subarray(from, from + chunkBytes))
  reader.end()
  return { ids, ...lines.result() }
}

type Entry = ReturnType<typeof attempt>

/** Sessions, of which each begins and ends. */
const entriesOf = (sessions: number): readonly Entry[] =>
  [attempt, reset].flatMap((entry) => Array.from({ length: sessions }, (_, index) => entry(`${index}`)))

const idsOf = (entries: readonly Entry[]) =>
  entries.map((one) => `${one['connection-end-time'] === 'NA' ? 'begin' : 'end'} ${one['connection-id']}`)

const json = (value: unknown) => JSON.stringify(value)
const pretty = (value: unknown) => JSON.stringify(value, null, 4)
const textsOf = (entries: readonly Entry[]) => entries.map(json)

/** As the API gives log events. */
const eventsOf = (entries: readonly Entry[]) =>
  textsOf(entries).map((message, index) => ({
    logStreamName: 'cvpn-endpoint-0123456789abcdef0-eu-central-1-2026/11/02-x',
    timestamp: 1_793_600_000_000 + index,
    message,
    ingestionTime: 1_793_600_000_500 + index,
    eventId: `3${index}`,
  }))

const filtered = (entries: readonly Entry[]) => ({
  events: eventsOf(entries),
  searchedLogStreams: [],
  nextToken: 'next {"page"',
})

/** As CloudWatch Logs delivers log events to a subscription. */
const delivered = (messages: readonly string[], messageType = 'DATA_MESSAGE') => ({
  messageType,
  owner: '123456789012',
  logGroup: 'vpn',
  logStream: 'cvpn-endpoint-0123456789abcdef0-eu-central-1-2026/11/02-x',
  subscriptionFilters: ['all'],
  logEvents: messages.map((message, index) => ({ id: `3${index}`, timestamp: 1_793_600_000_000, message })),
})
const TRIAL = delivered(['CWL CONTROL MESSAGE: Checking health of destination Firehose.'], 'CONTROL_MESSAGE')

const deliveriesOf = (entries: readonly Entry[]) => {
  const texts = textsOf(entries)
  return [texts.slice(0, 1), texts.slice(1, -1), texts.slice(-1)].map((some) => delivered(some))
}

const resultOf = (entries: readonly Entry[]) => ({
  results: textsOf(entries).map((value) => [
    { field: '@timestamp', value: '2026-11-02 08:00:00.000' },
    { field: '@message', value },
    { field: '@ptr', value: 'CmEK' },
  ]),
  statistics: { recordsMatched: entries.length },
  status: 'Complete',
})

const cell = (text: string) => `"${text.replaceAll('"', '""')}"`
const csv = (header: string, rows: readonly string[], newline = '\n') => [header, ...rows, ''].join(newline)
const rowsOf = (entries: readonly Entry[], delimiter = ',') =>
  textsOf(entries).map((text) => `2026-11-02 08:00:00.000${delimiter}${cell(text)}`)

const COLUMNS = Object.keys(attempt('')) as (keyof Entry)[]

const FORMATS: readonly (readonly [name: string, write: (entries: readonly Entry[]) => string])[] = [
  ['one object a line', (entries) => `${textsOf(entries).join('\n')}\n`],
  ['one pretty-printed object after the other', (entries) => entries.map(pretty).join('\n')],
  ['objects without anything between them', (entries) => textsOf(entries).join('')],
  ['texts of objects, one a line', (entries) => textsOf(entries).map(json).join('\n')],
  ['a list of objects', json],
  ['a list of texts', (entries) => pretty(textsOf(entries))],
  ['aws logs filter-log-events', (entries) => pretty(filtered(entries))],
  ['aws logs filter-log-events, on one line', (entries) => json(filtered(entries))],
  [
    'pages of filter-log-events',
    (entries) => [entries.slice(0, 1), entries.slice(1)].map(filtered).map(pretty).join('\n'),
  ],
  [
    'aws logs filter-log-events --output text',
    (entries) =>
      eventsOf(entries)
        .map((one) => `EVENTS\t${one.eventId}\t1\t${one.message}\t2`)
        .join('\n'),
  ],
  [
    'aws logs tail',
    (entries) =>
      textsOf(entries)
        .map((text) => `2026-11-02T08:00:00.123000+00:00 stream/[1] ${text}`)
        .join('\n'),
  ],
  [
    'aws logs tail --format short',
    (entries) =>
      textsOf(entries)
        .map((text) => `2026-11-02T08:00:00 ${text}`)
        .join('\n'),
  ],
  [
    'aws logs tail --format json',
    (entries) => entries.map((one) => `2026-11-02T08:00:00.123000+00:00 stream\n${pretty(one)}\n`).join(''),
  ],
  [
    'an export to S3',
    (entries) =>
      textsOf(entries)
        .map((text) => `2026-11-02T08:00:00.123Z ${text}\n`)
        .join(''),
  ],
  ['records of a subscription without a separator', (entries) => deliveriesOf(entries).map(json).join('')],
  ['records of a subscription, one a line', (entries) => deliveriesOf(entries).map(json).join('\n')],
  ['a result of Logs Insights', (entries) => pretty(resultOf(entries))],
  ['a result of Logs Insights, on one line', (entries) => json(resultOf(entries))],
  ['a result of Logs Insights as CSV', (entries) => csv('@timestamp,@message', rowsOf(entries))],
  [
    'the same with the newlines of Windows and a mark at the beginning',
    (entries) => csv('\uFEFF@timestamp,@message', rowsOf(entries), '\r\n'),
  ],
  ['the same as a spreadsheet writes it', (entries) => csv('"@timestamp";"@message"', rowsOf(entries, ';'))],
  [
    'a result of Logs Insights with a column for each field',
    (entries) =>
      csv(
        COLUMNS.join(','),
        entries.map((one) => COLUMNS.map((key) => cell(one[key])).join(',')),
      ),
  ],
  [
    "the console's download as JSON",
    (entries) => pretty(entries.map((one) => ({ '@timestamp': '2026-11-02', '@message': one }))),
  ],
  [
    "the console's download with texts",
    (entries) => json(textsOf(entries).map((text) => ({ '@timestamp': '2026-11-02', '@message': text }))),
  ],
]

describe('a log in the form of', () => {
  it.each(FORMATS)('%s', (_name, write) => {
    const entries = entriesOf(2)
    const text = write(entries)
    const expected = { ids: idsOf(entries), read: 4, understood: 4, failed: 0, firstFailed: [] }
    for (const chunkBytes of [1, 61, 256 * 1024]) expect(read(text, chunkBytes)).toEqual(expected)
  })

  it.each(FORMATS)('%s, larger than what is parsed at once', (_name, write) => {
    const entries = entriesOf(60)
    expect(read(write(entries), 16 * 1024)).toMatchObject({ ids: idsOf(entries), understood: 120, failed: 0 })
  })
})

const ONE = json(attempt('1'))

describe('what AWS writes beside the log', () => {
  it.each([
    ['the trial of a subscription', `${json(TRIAL)}${json(delivered([ONE]))}`],
    ['the trial of a subscription, pretty-printed', `${pretty(TRIAL)}\n${pretty(delivered([ONE]))}`],
    ['the trial of an export', `Permission Check Successful\n${ONE}`],
  ])('is no failure: %s', (_name, text) => {
    expect(read(text)).toMatchObject({ ids: ['begin cvpn-connection-1'], read: 2, understood: 2 })
  })
})
