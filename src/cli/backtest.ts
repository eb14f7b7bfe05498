import { resolve } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { region as regionCode } from '../config/schema/curfew-schema.ts'
import { suggestion } from '../config/yaml/nearest.ts'
import { differenceOf } from '../domain/backtest/difference.ts'
import { failuresOf, type Limit, numbersOf, parseLimit } from '../domain/backtest/gate.ts'
import type { Outcome } from '../domain/backtest/outcome.ts'
import { createReplay } from '../domain/backtest/replay.ts'
import { type Lines, type Summary, summaryOf } from '../domain/backtest/summary.ts'
import { createJoin, type JoinedRecording } from '../domain/recording/join.ts'
import type { Recording } from '../domain/recording/recorded-session.ts'
import { within } from '../domain/recording/within.ts'
import { firstNames } from '../domain/shortened.ts'
import { type Instant, toText } from '../domain/time/instant.ts'
import { type BacktestPolicies, readBacktestPolicies, type Side } from './backtest-policies.ts'
import { backtestText, failedHeading, failedRows } from './backtest-text.ts'
import { checked } from './checked.ts'
import {
  CONFIG_OPTION,
  type Command,
  complain,
  EXIT,
  type Given,
  OperatorError,
  oneOf,
  outputOption,
  say,
  stringOf,
  stringsOf,
  UsageError,
} from './command.ts'
import { expectWritableFile, readLogFiles, writeFileWhole } from './compose-logs.ts'
import { againstJson, endLines } from './end-rows.ts'
import { interruptible } from './interruptible.ts'
import { keepHeapLean } from './lean-heap.ts'
import { count, plural } from './number-text.ts'
import { pointInTime } from './point-in-time.ts'
import { createProgressBar, type ProgressBar } from './progress-bar.ts'
import { createRecordedEndpoints, type RecordedEndpoints } from './recorded-endpoints.ts'

const OUTPUTS = ['table', 'json'] as const

/** The path that stands for the standard input, and elsewhere for the standard output. */
const STDIN = '-'

const MODES = ['all', 'as-written'] as const
type Modes = (typeof MODES)[number]

export const backtest: Command = {
  usage: ['LOG... [OPTION...]', '--log-group NAME --since 30d [OPTION...]'],
  about: `Replays recorded sessions under the policies, and shows which of them the policies would have ended, when, and
under which policy. It ends nothing. A LOG is a file or a folder with the connection log of AWS Client VPN, plain or
gzip, in any form in which AWS hands it out, or a file of Curfew's own history; "-" is the standard input.

A session ends at the first instant at which the daemon would have ended it. The guard and the rate play no part. Later
sessions of the same person are replayed as recorded. Facts that no log has, such as the idle time, are reported per
policy as not judged, and these sessions are kept.`,
  operands: { name: 'LOG', areMany: true },
  options: {
    config: {
      short: 'c',
      value: 'FILE',
      summary: `the daemon's file, which names the policies, the protected users and the endpoints (default ${CONFIG_OPTION.config.default})`,
    },
    policies: {
      value: 'PATH',
      multiple: true,
      summary:
        'policy files or folders, in place of the daemon\'s file: then every endpoint counts and "protect" is empty',
    },
    against: {
      value: 'PATH',
      multiple: true,
      summary:
        "the policies in force today, with which the others are compared session by session: a daemon's file, or policy files or folders",
    },
    from: {
      value: 'T',
      summary: 'only ends from this instant on, such as 2026-11-01T00:00:00Z, or so long ago, such as 30d',
    },
    to: { value: 'T', summary: 'only ends before this instant' },
    endpoint: {
      value: 'ID',
      multiple: true,
      summary: 'show and count only sessions on this endpoint, by id or by its name under "watch"',
    },
    'log-group': {
      value: 'NAME',
      multiple: true,
      summary: 'read this log group of CloudWatch Logs, by name or ARN, with or without a LOG',
    },
    since: {
      value: 'T',
      summary: 'with --log-group: how far back to read, such as 30d; without --from the period begins there',
    },
    region: {
      value: 'REGION',
      summary: "the Region of the log group, and of endpoints whose Region the daemon's file does not tell",
    },
    modes: {
      value: 'MODES',
      words: MODES,
      default: 'all',
      summary:
        "all: every policy acts. as-written: only policies that say enforce, in a daemon's file that says so too; with --policies their own mode decides",
    },
    ...outputOption(OUTPUTS),
    cuts: {
      value: 'FILE',
      summary: 'write each session that would have ended into this file, as one JSON object a line',
    },
    report: {
      value: 'FILE',
      summary: 'write the answer as one HTML page with charts into this file; it names people',
    },
    'fail-on': {
      value: 'EXPR',
      multiple: true,
      summary: "exit with code 1 if this holds, such as 'ended>100'",
    },
  },
  notes: `An EXPR is a number of the JSON output, a comparison (>, >=, <, <=, ==, !=) and a number:
  ended>100  more than 100 sessions end
  ended.policy.NAME>10  more than 10 of them under this policy
  against.newlyEnded>0  a session ends that did not end under the policies of --against
  notJudged>0  a policy could not judge a session
  lines.failed>0  a line was not understood`,
  exitCodes:
    '0; 1 if a --fail-on holds, if a log cannot be read or shows no session, or if the configuration has errors.',
  async run({ values, positionals }) {
    const asked = questionOf(values, positionals)
    await expectFiles(asked, values)
    const policies = readBacktestPolicies(values)
    if (policies === undefined) return EXIT.failed
    expectPaths(asked.limits, policies)
    keepHeapLean()
    return interruptible(async (signal) => {
      using progress = createProgressBar()
      return await answer(asked, policies, { signal, progress })
    })
  },
}

/** How the work of a backtest is stopped, and where it is shown how far it is. */
interface Work {
  readonly signal: AbortSignal
  readonly progress: ProgressBar
}

const answer = async (asked: Question, policies: BacktestPolicies, work: Work): Promise<number> => {
  const { recording, lines } = await readRecording(asked, policies, work)
  const { now } = policies
  const endpoints = createRecordedEndpoints(now.watch, asked.region)
  const ids = judgedEndpoints(recording, asked, endpoints, lines)
  const judged = judgedPart(recording, asked, ids, lines)
  const notWatched =
    asked.endpoints.length > 0 ? 0 : leftOut("the daemon's file", within(recording, asked.period), endpoints.isWatched)

  const { period, modes } = asked
  const watched = [...endpointsOf(recording)].filter(endpoints.isWatched)
  const counted = new Set(ids)
  const outcome = await replay(
    now,
    within(recording, { ...period, endpoints: watched }),
    modes,
    endpoints,
    counted,
    work,
  )
  const before = policies.before && (await replayBefore(policies.before, recording, asked, ids, work))
  const difference = before && differenceOf(outcome, before)
  const { rate } = now
  const { budgetOf } = endpoints
  const summary = summaryOf({
    recording: judged,
    whole: recording,
    outcome,
    scope: { modes, endpoints: asked.endpoints.length > 0 ? ids : null, notWatched },
    lines,
    rate,
    budgetOf,
    against: difference?.totals,
  })

  if (asked.cutsFile !== undefined) await writeFileWhole(asked.cutsFile, endLines(outcome.cuts), work.signal)
  if (asked.reportFile !== undefined) {
    const { writeReport } = await import('./compose-report.ts')
    await writeReport(asked.reportFile, { recording: judged, outcome, summary, difference, set: now.set }, work.signal)
  }
  work.progress.clear()
  const against = difference && againstJson(difference)
  if (asked.output === 'json') say(JSON.stringify(against === undefined ? summary : { ...summary, against }, null, 2))
  else say(backtestText(summary, against))
  return gate(asked.limits, summary)
}

interface Period {
  readonly from: Instant | undefined
  readonly to: Instant | undefined
}

/** What the options ask for, as far as it shows without reading a file. */
interface Question {
  readonly logs: readonly string[]
  readonly logGroups: readonly string[]
  readonly region: string | undefined
  readonly period: Period
  /** Ids or names. */
  readonly endpoints: readonly string[]
  readonly modes: Modes
  readonly output: (typeof OUTPUTS)[number]
  readonly cutsFile: string | undefined
  readonly reportFile: string | undefined
  readonly limits: readonly Limit[]
}

const questionOf = (values: Given['values'], logs: readonly string[]): Question => {
  const logGroups = stringsOf(values['log-group'])
  const since = pointInTime('since', stringOf(values.since))
  if (logs.length === 0 && logGroups.length === 0) {
    throw new UsageError(
      'expected LOG, a file or a folder with connection logs or "-" for the standard input, or --log-group',
    )
  }
  if (since !== undefined && logGroups.length === 0) {
    throw new UsageError('--since is valid only with --log-group: --from leaves out what a file has before')
  }
  const [from = since, to] = [pointInTime('from', stringOf(values.from)), pointInTime('to', stringOf(values.to))]
  if (from !== undefined && to !== undefined && from >= to) {
    throw new UsageError(`--from: ${toText(from)} is not before --to, which is ${toText(to)}`)
  }
  const [cutsFile, reportFile] = [stringOf(values.cuts), stringOf(values.report)]
  if (cutsFile !== undefined && reportFile !== undefined && resolve(cutsFile) === resolve(reportFile)) {
    throw new UsageError(`--cuts and --report: expected two files, found ${cutsFile} twice`)
  }
  if (cutsFile === STDIN || reportFile === STDIN) {
    throw new UsageError('--cuts and --report: expected a file, found "-": the standard output has the answer')
  }
  const limits = stringsOf(values['fail-on']).map((written) => {
    const limit = parseLimit(written)
    if (limit !== undefined) return limit
    throw new UsageError(
      `--fail-on: expected a number of the output, a comparison and a number, such as 'ended>100', found "${written}"`,
    )
  })
  const region = stringOf(values.region)
  return {
    logs,
    logGroups,
    region: region && checked(regionCode, '--region', region),
    period: { from, to },
    endpoints: stringsOf(values.endpoint),
    modes: oneOf('modes', values.modes, MODES),
    output: oneOf('output', values.output, OUTPUTS),
    cutsFile,
    reportFile,
    limits,
  }
}

/** What the files begin with that a backtest writes. Another file is not replaced: a pattern of the shell may name a log. */
const WRITTEN = {
  cuts: /^\{"connectionId":.*"wouldEndAt":/,
  report: /<title>Curfew: what the policies would have done</,
}

/** Refuses a file to write that is to be kept, before anything is read. */
const expectFiles = async ({ logs, cutsFile, reportFile }: Question, values: Given['values']): Promise<void> => {
  const policies = stringsOf(values.policies)
  const config = policies.length > 0 ? [] : [stringOf(values.config) ?? CONFIG_OPTION.config.default]
  const reads = [...logs.filter((path) => path !== STDIN), ...config, ...policies, ...stringsOf(values.against)]
  for (const [file, begins] of [
    [cutsFile, WRITTEN.cuts],
    [reportFile, WRITTEN.report],
  ] as const) {
    if (file !== undefined) await expectWritableFile(file, { reads, isReplaceable: (head) => begins.test(head) })
  }
}

const NO_LINES: Lines = { read: 0, understood: 0, failed: 0, firstFailed: [] }

/** Refuses a limit on something that no output has, before a log is read. */
const expectPaths = (limits: readonly Limit[], { now, before }: BacktestPolicies): void => {
  const { set, rate } = now
  const outcome = {
    cuts: [],
    outside: [],
    policies: set.policies.map((policy) => ({ policy, exempted: 0, notJudged: new Map() })),
  }
  const against = before && differenceOf(outcome, outcome).totals
  const empty = summaryOf({
    recording: createJoin().recording(),
    outcome,
    scope: { modes: 'all', endpoints: null, notWatched: 0 },
    lines: NO_LINES,
    rate,
    budgetOf: () => '',
    against,
  })
  const paths = [...numbersOf(empty).keys()]
  for (const { path, written } of limits) {
    if (paths.includes(path)) continue
    if (path.startsWith('against.') && against === undefined) {
      throw new UsageError(`--fail-on: "${written}" is valid only with --against`)
    }
    const hint = suggestion(path, paths) || `: expected ${formsOf(paths).join(', ')}`
    throw new UsageError(`--fail-on: the output has no number "${path}"${hint}`)
  }
}

/** The paths for a reader: a policy, a reason and a contradiction may be many. */
const formsOf = (paths: readonly string[]): readonly string[] => [
  ...new Set(
    paths.flatMap((path) => {
      if (path.startsWith('ended.policy.')) return ['ended.policy.NAME', 'ended.policy.NAME.FIELD']
      return path
        .replace(/^ended\.byReason\..*/, 'ended.byReason.REASON')
        .replace(/^contradictions\..*/, 'contradictions.HOW')
    }),
  ),
]

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`

const inSessions = (count: number): string => `${Math.round(count).toLocaleString('en')} sessions`

const readRecording = async (
  { logs, logGroups, region, period: { from, to } }: Question,
  { now: { watch = [] } }: BacktestPolicies,
  { signal, progress }: Work,
): Promise<{ readonly recording: JoinedRecording; readonly lines: Lines }> => {
  const join = createJoin()
  const callbacks = {
    onRecord: join.add,
    onProgress: ({ bytes, totalBytes }: { readonly bytes: number; readonly totalBytes: number | undefined }) =>
      progress.reached(bytes, totalBytes),
    signal,
  }
  const begin = () => progress.step({ name: 'Reading', amount: megabytes })
  const interrupt = (text: string) => {
    progress.clear()
    complain(text)
    begin()
  }
  begin()
  const parts: Lines[] = []
  if (logGroups.length > 0) {
    const { composeLogGroups } = await import('./compose-log-groups.ts')
    const groups = composeLogGroups({ names: logGroups, region, from, to, watch })
    parts.push(await groups.read({ ...callbacks, complain: interrupt }))
  }
  if (logs.length > 0)
    parts.push(await readLogFiles(logs, { ...callbacks, onRemark: (text) => interrupt(`curfew: ${text}`) }))
  progress.clear()
  return { recording: join.recording(), lines: parts.reduce(together) }
}

const MOST_FAILED = 10

const together = (one: Lines, other: Lines): Lines => ({
  read: one.read + other.read,
  understood: one.understood + other.understood,
  failed: one.failed + other.failed,
  firstFailed: [...one.firstFailed, ...other.firstFailed].slice(0, MOST_FAILED),
})

const endpointsOf = ({ sessions }: Recording): ReadonlySet<string> =>
  new Set(sessions.map(({ endpointId }) => endpointId))

/** The endpoints whose sessions are judged. An endpoint without any session is an error, as in `judgedPart`. */
const judgedEndpoints = (
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
const judgedPart = (
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
const leftOut = (file: string, { sessions }: Recording, isWatched: (id: string) => boolean): number => {
  const others = sessions.filter(({ endpointId }) => !isWatched(endpointId))
  if (others.length === 0) return 0
  const ids = [...new Set(others.map(({ endpointId }) => endpointId))]
  complain(
    `curfew: ${plural(others.length, 'session')} left out, on endpoints that ${file} does not watch: ${firstNames(ids).join(', ')}`,
  )
  return others.length
}

/**
 * The other side of a comparison. Its policies end only sessions on endpoints that its own file watches, which may be
 * none: then every end is new.
 */
const replayBefore = (
  side: Side,
  recording: JoinedRecording,
  { period, endpoints: asked, region, modes }: Question,
  ids: readonly string[],
  work: Work,
): Promise<Outcome> => {
  const endpoints = createRecordedEndpoints(side.watch, region)
  const { isWatched } = endpoints
  const recorded = [...endpointsOf(recording)]
  const compared = asked.length === 0 ? recorded : ids
  const part = within(recording, { ...period, endpoints: recorded.filter(isWatched) })
  leftOut('the file of --against', within(recording, { ...period, endpoints: compared }), isWatched)
  return replay(side, part, modes, endpoints, new Set(compared), work)
}

/** As many decisions are made before others have their turn. */
const SLICE = 10_000

const replay = async (
  { set, mode }: Side,
  recording: Recording,
  modes: Modes,
  { locationOf }: RecordedEndpoints,
  counted: ReadonlySet<string>,
  { signal, progress }: Work,
): Promise<Outcome> => {
  const { length, advance, outcome } = createReplay(set, recording, {
    modes,
    mode,
    locationOf,
    isCounted: (id) => counted.has(id),
  })
  // A replay passes each session twice: to gather it, and to judge it beside those of the same person.
  progress.step({ name: 'Replaying', amount: (passed) => inSessions(passed / 2) })
  for (let passed = 0; passed < length; ) {
    passed = advance(SLICE)
    progress.reached(passed, length)
    await setImmediate()
    signal.throwIfAborted()
  }
  return outcome()
}

const gate = (limits: readonly Limit[], summary: Summary): number => {
  const failures = failuresOf(limits, summary)
  for (const { limit, found } of failures) {
    complain(`curfew: --fail-on '${limit.written}' holds: ${limit.path} is ${found}`)
  }
  return failures.length > 0 ? EXIT.failed : EXIT.ok
}
