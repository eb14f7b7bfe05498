import { caveatsOf } from '../domain/backtest/caveats.ts'
import { lastCallWords } from '../domain/backtest/last-call-words.ts'
import type { Lines, Summary } from '../domain/backtest/summary.ts'
import { verdictSentence } from '../domain/backtest/verdict-sentence.ts'
import { shownName } from '../domain/names/shown-name.ts'
import { CONTRADICTION_WORDS } from '../domain/recording/contradiction-words.ts'
import { CONTRADICTIONS } from '../domain/recording/join.ts'
import { toText } from '../domain/time/instant.ts'
import { columnTable } from './column-table.ts'
import { connectionTable, USER } from './connection-table.ts'
import type { AgainstJson, ChangedRow } from './end-rows.ts'
import { paragraph } from './lines.ts'
import { count, plural } from './number-text.ts'
import { painted } from './paint.ts'

/** A backtest for a reader: the verdict in a sentence, then a section for each part that is not empty. */
export const backtestText = (summary: Summary, against: AgainstJson | undefined): string =>
  [
    [
      painted('bold', paragraph(verdictSentence(summary))),
      ...caveatsOf(summary).map((caveat) => painted('bold', paragraph(caveat))),
    ].join('\n'),
    recordedText(summary),
    policiesText(summary),
    ...(against === undefined ? [] : [againstText(against)]),
    busiestText(summary),
    weekText(summary),
    peopleText(summary),
    notJudgedText(summary),
    failedText(summary),
  ]
    .filter((part) => part !== '')
    .join('\n\n')

const heading = (text: string) => painted('bold', paragraph(text))

/** To the second, as an operator reads it. */
const instantText = (at: string | null) => (at === null ? '' : toText(Date.parse(at)))

const hoursText = (hours: number) => hours.toLocaleString('en-US', { maximumFractionDigits: 1 })

const recordedText = (summary: Summary): string => {
  const { connectionHours, contradictions, edges, lines, recorded, sessions } = summary
  const cutOff = [
    ...(edges.begunBefore > 0 ? [`${count(edges.begunBefore)} without a recorded begin`] : []),
    ...(edges.endNotRecorded > 0 ? [`${count(edges.endNotRecorded)} without a recorded end`] : []),
    ...(edges.openAtEnd > 0 ? [`${count(edges.openAtEnd)} open at the end of the recording`] : []),
  ]
  const of = `${plural(sessions, 'session')} of ${hoursText(connectionHours)} connection hours`
  const read = `from ${plural(lines.read, 'line')} of ${instantText(recorded.from)} to ${instantText(recorded.to)}`
  const disagree = CONTRADICTIONS.filter((how) => contradictions[how] > 0).map(
    (how) => `${plural(contradictions[how], 'connection')} ${CONTRADICTION_WORDS[how]}`,
  )
  return [
    paragraph(`Recorded: ${[of, ...cutOff].join(', ')}; ${read}.`),
    ...scopeText(summary),
    ...(disagree.length > 0 ? [paragraph(`Lines that disagree: ${disagree.join(', ')}.`)] : []),
  ].join('\n')
}

/** The scope that was asked for, beside the period. */
const scopeText = ({ scope: { endpoints, modes, notWatched } }: Summary): readonly string[] => [
  ...(endpoints === null ? [] : [paragraph(`Only sessions on ${endpoints.join(', ')}.`)]),
  paragraph(
    modes === 'all'
      ? 'Every policy acts, whatever its mode; "--modes as-written" goes by the modes.'
      : "Modes as written: only policies act that say enforce, and the daemon's file too.",
  ),
  ...(notWatched === 0
    ? []
    : [paragraph(`Left out: ${plural(notWatched, 'session')} on endpoints that the daemon's file does not watch.`)]),
]

const policiesText = ({ ended }: Summary): string =>
  columnTable(
    [
      { title: 'POLICY', isName: true },
      { title: 'KIND' },
      { title: 'ENDED', align: 'right' },
      { title: 'PEOPLE', align: 'right' },
      { title: 'HOURS', align: 'right' },
      { title: 'EXEMPT', align: 'right' },
      { title: 'NOT JUDGED', align: 'right' },
    ],
    [
      ...ended.byPolicy.map(({ policy, kind, sessions, principals, hoursSaved, exemptions, notJudged }) => [
        policy,
        kind,
        count(sessions),
        count(principals),
        hoursText(hoursSaved),
        count(exemptions),
        count(notJudged),
      ]),
      ...(ended.byPolicy.length > 1
        ? [['(all)', '', count(ended.sessions), count(ended.principals), hoursText(ended.hoursSaved)]]
        : []),
    ],
  )

const CHANGED: Readonly<Record<ChangedRow['change'], string>> = {
  newlyEnded: 'newly ended',
  noLongerEnded: 'no longer',
  earlier: 'earlier',
  later: 'later',
}

/** How many changed ends the text lists. */
const CHANGES_SHOWN = 20

const againstText = ({ newlyEnded, noLongerEnded, earlier, later, sessions, notListed }: AgainstJson): string => {
  const totals = `${count(newlyEnded)} newly ended, ${count(noLongerEnded)} no longer ended, ${count(earlier)} earlier, ${count(later)} later`
  if (sessions.length === 0) return paragraph('Compared with --against: no session ends at another time.')
  const shown = sessions.slice(0, CHANGES_SHOWN)
  const rest = sessions.length + notListed - shown.length
  return [
    heading(`Compared with --against: ${totals}:`),
    connectionTable(
      ['CHANGE', 'WOULD END', 'BEFORE', USER],
      shown.map((row) => ({
        cells: [
          CHANGED[row.change],
          row.wouldEndAt === null ? 'as recorded' : instantText(row.wouldEndAt),
          row.endedBeforeAt === null ? 'as recorded' : instantText(row.endedBeforeAt),
          nameOf(row),
        ],
        policy: row.policy ?? row.policyBefore ?? '',
        id: row.connectionId,
      })),
    ),
    ...(rest > 0 ? [paragraph(`and ${count(rest)} more; --output json lists more of them`)] : []),
  ].join('\n')
}

const nameOf = ({ username, commonName }: Pick<ChangedRow, 'username' | 'commonName'>) =>
  shownName(username ?? commonName ?? '(no name)')

const busiestText = ({ busiestMinute, returned, ended }: Summary): string => {
  if (busiestMinute === null) return ''
  const { at, terminations, etaSeconds } = busiestMinute
  return [
    paragraph(
      `Busiest minute: ${instantText(at)}, with ${plural(terminations, 'termination')}; ${lastCallWords(etaSeconds)}.`,
    ),
    paragraph(
      returned === 0
        ? 'Came back: after no end the person began another session there within five minutes, as recorded.'
        : `Came back: after ${count(returned)} of ${plural(ended.sessions, 'end')} the person began another session there within five minutes, as recorded.`,
    ),
  ].join('\n')
}

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
const HOURS_OF_DAY = 24
const LARGEST_DIGIT = 9

/** A digit for each hour, which is the number of ends where none has more than nine. */
const weekText = ({ byHourOfWeek: { timeZone, ended } }: Summary): string => {
  const most = Math.max(...ended)
  if (most === 0) return ''
  const scale = Math.max(most, LARGEST_DIGIT)
  const digit = (number: number) => (number === 0 ? '.' : String(Math.ceil((number * LARGEST_DIGIT) / scale)))
  const meaning = most > LARGEST_DIGIT ? `; 9 is the most, ${count(most)} in one hour` : ''
  return [
    heading(`Ends by hour of the week, in ${timeZone}${meaning}:`),
    '     0     6     12    18',
    ...WEEKDAYS.map((day, index) => {
      const hours = ended.slice(index * HOURS_OF_DAY, (index + 1) * HOURS_OF_DAY)
      return `${day}  ${hours.map(digit).join('')}`
    }),
  ].join('\n')
}

const peopleText = ({ mostEnded }: Summary): string =>
  mostEnded.length === 0
    ? ''
    : [
        heading('Ended most often:'),
        columnTable(
          [
            { title: USER, isName: true },
            { title: 'ENDED', align: 'right' },
            { title: 'HOURS', align: 'right' },
          ],
          mostEnded.map((row) => [nameOf(row), count(row.sessions), hoursText(row.hoursSaved)]),
        ),
      ].join('\n')

const notJudgedText = ({ notJudged }: Summary): string =>
  notJudged.length === 0
    ? ''
    : [
        heading('Could not be judged, so that the sessions are kept:'),
        ...notJudged.map(({ policy, sessions, because }) =>
          paragraph(`${policy}: ${plural(sessions, 'session')}: ${because}`, '  '),
        ),
      ].join('\n')

const failedText = ({ lines }: Summary): string => {
  if (lines.failed === 0) return ''
  return [heading(failedHeading(lines)), ...failedRows(lines)].join('\n')
}

export const failedHeading = ({ read, failed, firstFailed }: Lines): string =>
  `Not understood (${count(failed)} of ${plural(read, 'line')})${firstFailed.length < failed ? ', the first of them' : ''}:`

export const failedRows = ({ firstFailed }: Lines): readonly string[] =>
  firstFailed.map(({ file, line, problem }) => paragraph(`${file}:${line}: ${problem}`, '  '))
