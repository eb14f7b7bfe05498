import { onAborted } from '../app/on-aborted.ts'
import { toText } from '../domain/time/instant.ts'
import { say } from './command.ts'
import { clock } from './compose-aws.ts'
import { safeText } from './paint.ts'

/** What a round shows: lines for a reader, or an object for a program. */
type Shown = { readonly text: string } | { readonly json: object }

/** The cursor to the first place; to the end of the line, or of the screen, nothing. */
const [HOME, CLEAR_LINE, CLEAR_BELOW] = ['\u001b[H', '\u001b[K', '\u001b[J']

/** As many lines as the terminal shows. What is below would push the first lines out of sight. */
const fitted = (lines: readonly string[], rows: number): readonly string[] => {
  if (lines.length < rows) return lines
  const shown = Math.max(1, rows - 2)
  return [...lines.slice(0, shown), `… ${lines.length - shown} more lines: filter them, or make the terminal taller`]
}

const draw = (text: string) => {
  const lines = fitted(safeText(text, process.stdout).split('\n'), process.stdout.rows)
  process.stdout.write(`${HOME}${lines.map((line) => `${line}${CLEAR_LINE}\n`).join('')}${CLEAR_BELOW}`)
}

/**
 * Shows a round at once and again after each pause, until SIGINT or SIGTERM. A terminal shows the newest round in place of
 * the one before. A file or a program gets one after the other, each text under its time and each object in a line.
 */
export const repeat = async (everyMs: number, round: () => Promise<Shown>): Promise<void> => {
  const stop = new AbortController()
  const stopped = new Promise<undefined>((resolve) => onAborted(stop.signal, () => resolve(undefined)))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  while (!stop.signal.aborted) {
    // A reading that is under way is abandoned: it changes nothing.
    const shown = await Promise.race([round(), stopped])
    if (shown === undefined) return
    const heading = toText(clock.now())
    if ('json' in shown) say(JSON.stringify(shown.json))
    else if (process.stdout.isTTY) draw(`${heading}, Ctrl-C ends\n\n${shown.text}`)
    else say(`--- ${heading} ---\n${shown.text}\n`)
    await clock.sleep(everyMs, stop.signal)
  }
}
