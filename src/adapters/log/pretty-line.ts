import { type Look, terminalLine } from './terminal-line.ts'

/** What the log writes of a line, as far as a person needs it. The message names the person, the endpoint and why. */
interface LogLine {
  readonly time: string
  readonly level: string
  readonly msg: string
  /** An exception, as pino writes it. `code`: present on an error of the system. */
  readonly err?: { readonly type?: string; readonly message?: string; readonly stack?: string; readonly code?: string }
}

/** A SHA-256 in hex. Its beginning finds it: commands take it, and JSON has all of it. */
const HASH = /\b([0-9a-f]{12})[0-9a-f]{52}\b/g

/** A line of JSON as a line for a terminal. */
export const prettyLine = (json: string, look: Look): string => {
  const { time, level, msg, err } = JSON.parse(json) as LogLine
  const text = err === undefined ? msg : `${msg} (${exceptionText(err)})`
  return terminalLine({ time, word: level, text: text.replace(HASH, '$1') }, look)
}

/** Only a fault of Curfew has a place in the code. */
const exceptionText = ({ type = 'Error', message, stack = '', code }: NonNullable<LogLine['err']>): string => {
  const [place] = (code === undefined ? /(?<=^ *at ).+$/m.exec(stack) : null) ?? []
  return `${type}${message === undefined ? '' : `: ${message}`}${place === undefined ? '' : `, at ${place}`}`
}
