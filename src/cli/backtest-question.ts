import { resolve } from 'node:path'
import { region as regionCode } from '../config/schema/region.ts'
import { suggestion } from '../config/yaml/nearest.ts'
import { differenceOf } from '../domain/backtest/difference.ts'
import { type Limit, numbersOf, parseLimit } from '../domain/backtest/gate.ts'
import { type Lines, summaryOf } from '../domain/backtest/summary.ts'
import { createJoin } from '../domain/recording/join.ts'
import { type Instant, toText } from '../domain/time/instant.ts'
import type { BacktestPolicies } from './backtest-policies.ts'
import { checked } from './checked.ts'
import { CONFIG_OPTION, type Given, oneOf, stringOf, stringsOf, UsageError } from './command.ts'
import { expectWritableFile } from './compose-logs.ts'
import { pointInTime } from './point-in-time.ts'

export const OUTPUTS = ['table', 'json'] as const

/** The path that stands for the standard input, and elsewhere for the standard output. */
const STDIN = '-'

export const MODES = ['all', 'as-written'] as const
export type Modes = (typeof MODES)[number]

export interface Period {
  readonly from: Instant | undefined
  readonly to: Instant | undefined
}

/** The question that the options ask, as far as it shows without reading a file. */
export interface Question {
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

export const questionOf = (values: Given['values'], logs: readonly string[]): Question => {
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

/**
 * The begin of each file that a backtest writes. Another file is not replaced: a pattern of the shell may name a log.
 */
const WRITTEN = {
  cuts: /^\{"connectionId":.*"wouldEndAt":/,
  report: /<title>Curfew: what the policies would have done</,
}

/** Refuses a file to write that is to be kept, before anything is read. */
export const expectFiles = async ({ logs, cutsFile, reportFile }: Question, values: Given['values']): Promise<void> => {
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
export const expectPaths = (limits: readonly Limit[], { now, before }: BacktestPolicies): void => {
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
