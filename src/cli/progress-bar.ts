// Node finds no `Format` among the names of this package, which is no ES module.
import cliProgress, { type SingleBar } from 'cli-progress'
import { formatDuration } from '../domain/time/duration.ts'
import { SECOND } from '../domain/time/instant.ts'

/** What a step counts, and how a number of it is written. */
interface Step {
  readonly name: string
  readonly amount: (count: number) => string
}

/** Shows how far a long command is, with its rate and the remaining time. */
export interface ProgressBar extends Disposable {
  /** Begins a step. Its bar replaces the one before. */
  step(step: Step): void
  /** `total`: undefined where it is not known. */
  reached(done: number, total: number | undefined): void
  /** Takes the bar away, so that a line can be written. The next step shows it again. */
  clear(): void
}

/** What the bar shows beside how far it is. */
interface Shown {
  readonly isTotalKnown: boolean
  readonly text: string
}

const SILENT: ProgressBar = { step() {}, reached() {}, clear() {}, [Symbol.dispose]() {} }

/** A remaining time of the first moments is a guess that jumps. */
const SETTLED_MS = SECOND

/** A bar on a terminal. Where the output is a file or a program, nothing is written. */
export const createProgressBar = (output: NodeJS.WriteStream = process.stderr): ProgressBar => {
  if (!output.isTTY) return SILENT
  let shown: { readonly bar: SingleBar; readonly step: Step; readonly startedAt: number } | undefined
  const clear = () => {
    shown?.bar.stop()
    shown = undefined
  }
  return {
    step(step) {
      clear()
      const bar = new cliProgress.SingleBar({
        stream: output,
        format: (options, { progress }, { isTotalKnown, text }: Shown) =>
          isTotalKnown
            ? `${step.name} ${cliProgress.Format.BarFormat(progress, options)} ${Math.floor(progress * 100)} %, ${text}`
            : `${step.name} ${text}`,
        barCompleteChar: '█',
        barIncompleteChar: '░',
        barsize: 24,
        clearOnComplete: true,
        hideCursor: true,
        // The command itself ends on a signal, and takes its unfinished files with it.
        gracefulExit: false,
      })
      bar.start(1, 0, { isTotalKnown: false, text: '' } satisfies Shown)
      shown = { bar, step, startedAt: performance.now() }
    },

    reached(done, total) {
      if (shown === undefined) return
      const { bar, step, startedAt } = shown
      const ms = performance.now() - startedAt
      const rate = `${step.amount(done)}, ${step.amount((done * SECOND) / Math.max(ms, 1))}/s`
      const leftMs = total === undefined ? 0 : Math.ceil((ms * (total - done)) / done / SECOND) * SECOND
      const isSettled = ms >= SETTLED_MS && leftMs > 0
      const text = isSettled ? `${rate}, ${formatDuration(leftMs)} left` : rate
      bar.setTotal(total ?? done)
      bar.update(done, { isTotalKnown: total !== undefined, text } satisfies Shown)
    },

    clear,
    [Symbol.dispose]: clear,
  }
}
