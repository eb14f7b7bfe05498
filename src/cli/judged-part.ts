import type { Lines } from '../domain/backtest/summary.ts'
import type { JoinedRecording } from '../domain/recording/join.ts'
import type { Recording } from '../domain/recording/recorded-session.ts'
import { within } from '../domain/recording/within.ts'
import { firstNames } from '../domain/shortened.ts'
import { toText } from '../domain/time/instant.ts'
import type { Period, Question } from './backtest-question.ts'
import { failedHeading, failedRows } from './backtest-text.ts'
import { complain, OperatorError } from './command.ts'
import { count, plural } from './number-text.ts'
import type { RecordedEndpoints } from './recorded-endpoints.ts'

export const endpointsOf = ({ sessions }: Recording): ReadonlySet<string> =>
  new Set(sessions.map(({ endpointId }) => endpointId))

/** The endpoints whose sessions are judged. An endpoint without any session is an error, as in `judgedPart`. */
export const judgedEndpoints = (
  recording: JoinedRecording,
  { endpoints: asked }: Question,
  { isWatched, idsOf }: RecordedEndpoints,
  lines: Lines,
): readonly string[] => {
  const recorded = [...endpointsOf(recording)]
  if (recorded.length === 0) {
    const { read, understood } = lines
    const sentence = `the log shows no session: ${count(understood)} of ${plural(read, 'line')} understood, each of them a step of a login or a failed attempt`
    throw new OperatorError(withFailed(sentence, lines))
  }
  const watched = recorded.filter(isWatched)
  const others = recorded.filter((id) => !isWatched(id))
  const ids = asked.length === 0 ? watched : asked.flatMap(idsOf)
  const missing = ids.find((id) => !recorded.includes(id))
  if (missing !== undefined) {
    throw new OperatorError(
      `--endpoint: the log shows no session on ${missing}, only on ${firstNames(recorded).join(', ')}`,
    )
  }
  if (watched.length === 0) {
    throw new OperatorError(
      `the log shows sessions only on endpoints that the daemon's file does not watch: ${firstNames(others).join(', ')}; list them under "watch", or give --policies`,
    )
  }
  const unwatched = ids.find((id) => !isWatched(id))
  if (unwatched !== undefined) {
    throw new OperatorError(
      `--endpoint: the daemon's file does not watch ${unwatched}: list it under "watch", or give --policies`,
    )
  }
  return ids
}

/** The sessions that are judged. A period without any is an error: a gate must not pass because nothing was looked at. */
export const judgedPart = (
  recording: JoinedRecording,
  { period }: Question,
  ids: readonly string[],
  lines: Lines,
): JoinedRecording => {
  const judged = within(recording, { ...period, endpoints: ids })
  if (judged.sessions.length === 0) {
    const sentence = `no session was up ${periodText(period)}: the log tells of ${toText(recording.from)} to ${toText(recording.to)}`
    throw new OperatorError(withFailed(sentence, lines))
  }
  return judged
}

const periodText = ({ from, to }: Period): string => {
  if (from !== undefined && to !== undefined) return `between ${toText(from)} and ${toText(to)}`
  if (from !== undefined) return `from ${toText(from)} on`
  return to === undefined ? 'at any time' : `before ${toText(to)}`
}

/** Lines that were not understood may be the reason why a log shows nothing. */
const withFailed = (sentence: string, lines: Lines): string =>
  lines.failed === 0 ? sentence : [`${sentence}.`, failedHeading(lines), ...failedRows(lines)].join('\n')

/** How many sessions are left out, because no policy of the file may end them. */
export const leftOut = (file: string, { sessions }: Recording, isWatched: (id: string) => boolean): number => {
  const others = sessions.filter(({ endpointId }) => !isWatched(endpointId))
  if (others.length === 0) return 0
  const ids = [...new Set(others.map(({ endpointId }) => endpointId))]
  complain(
    `curfew: ${plural(others.length, 'session')} left out, on endpoints that ${file} does not watch: ${firstNames(ids).join(', ')}`,
  )
  return others.length
}
