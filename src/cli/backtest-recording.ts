import type { Lines } from '../domain/backtest/summary.ts'
import { createJoin, type JoinedRecording } from '../domain/recording/join.ts'
import type { BacktestPolicies } from './backtest-policies.ts'
import type { Question } from './backtest-question.ts'
import { complain } from './command.ts'
import { readLogFiles } from './compose-logs.ts'
import type { ProgressBar } from './progress-bar.ts'

/** How the work of a backtest is stopped, and where it is shown how far it is. */
export interface Work {
  readonly signal: AbortSignal
  readonly progress: ProgressBar
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`

/** Reads the logs and log groups of a question, and joins their records into sessions. */
export const readRecording = async (
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
