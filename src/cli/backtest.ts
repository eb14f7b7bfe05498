import { setImmediate } from 'node:timers/promises'
import { differenceOf } from '../domain/backtest/difference.ts'
import { failuresOf, type Limit } from '../domain/backtest/gate.ts'
import type { Outcome } from '../domain/backtest/outcome.ts'
import { createReplay } from '../domain/backtest/replay.ts'
import { type Summary, summaryOf } from '../domain/backtest/summary.ts'
import type { JoinedRecording } from '../domain/recording/join.ts'
import type { Recording } from '../domain/recording/recorded-session.ts'
import { within } from '../domain/recording/within.ts'
import { type BacktestPolicies, readBacktestPolicies, type Side } from './backtest-policies.ts'
import { expectFiles, expectPaths, MODES, type Modes, OUTPUTS, type Question, questionOf } from './backtest-question.ts'
import { readRecording, type Work } from './backtest-recording.ts'
import { backtestText } from './backtest-text.ts'
import { CONFIG_OPTION, type Command, complain, EXIT, outputOption, say } from './command.ts'
import { writeFileWhole } from './compose-logs.ts'
import { againstJson, endLines } from './end-rows.ts'
import { interruptible } from './interruptible.ts'
import { endpointsOf, judgedEndpoints, judgedPart, leftOut } from './judged-part.ts'
import { keepHeapLean } from './lean-heap.ts'
import { createProgressBar } from './progress-bar.ts'
import { createRecordedEndpoints, type RecordedEndpoints } from './recorded-endpoints.ts'

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
      summary: 'how far back --log-group reads, such as 30d; without --from the period begins there',
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
        "which policies act; all: every policy; as-written: those that say enforce, in a daemon's file that says so too; with --policies their own mode decides",
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

const inSessions = (count: number): string => `${Math.round(count).toLocaleString('en')} sessions`

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
