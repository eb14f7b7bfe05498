import { terminalLine } from './terminal-line.ts'

/** What the log writes of a line, as far as a person needs it. The message names the person, the endpoint and why. */
interface LogLine {
  readonly time: string
  readonly level: string
  readonly msg: string
  /** An exception, as pino writes it. `code`: present on an error of the system. */
  readonly err?: { readonly type?: string; readonly message?: string; readonly stack?: string; readonly code?: string }
}

/** A line of JSON as a line for a terminal. */
export const prettyLine = (json: string, colours: boolean): string => {
  const { time, level, msg, err } = JSON.parse(json) as LogLine
  return terminalLine({ time, word: level, text: err === undefined ? msg : `${msg} (${exceptionText(err)})` }, colours)
}

/** Only a fault of Curfew has a place in the code. */
const exceptionText = ({ type = 'Error', message, stack = '', code }: NonNullable<LogLine['err']>): string => {
  const [place] = (code === undefined ? /(?<=^ *at ).+$/m.exec(stack) : null) ?? []
  return `${type}${message === undefined ? '' : `: ${message}`}${place === undefined ? '' : `, at ${place}`}`
}
