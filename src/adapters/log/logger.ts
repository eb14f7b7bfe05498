import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino'
import { printableLines } from '../../domain/printable.ts'

export const LOG_FORMATS = ['json', 'pretty'] as const
export type LogFormat = (typeof LOG_FORMATS)[number]

/** Nothing is logged under these names on purpose; a library that is handed the log may try. */
const SECRETS = ['authorization', 'cookie', 'password', 'secret', 'token'].flatMap((name) => [
  name,
  `*.${name}`,
  `*.*.${name}`,
])

/** One line an event on standard output: JSON for machines, or for a person at a terminal. */
export const createLogger = async (
  level: string,
  format: LogFormat,
  destination: DestinationStream = process.stdout,
): Promise<Logger> => {
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: SECRETS, censor: '[redacted]' },
    // JSON lets through what some terminals obey: C1 controls, and marks that turn a text around.
    hooks: { streamWrite: format === 'json' ? printableLines : (line) => unescapable(printableLines(line)) },
  }
  if (format === 'json') return pino(options, destination)
  // Not as a pino transport: those do not survive bundling.
  const { default: pretty } = await import('pino-pretty')
  const colorize = process.stdout.isTTY === true && process.env.NO_COLOR === undefined
  return pino(
    options,
    pretty({
      colorize,
      destination: destination as NodeJS.WritableStream,
      sync: true,
      translateTime: 'SYS:HH:MM:ss.l',
    }),
  )
}

/** For a person nothing is unescaped but quotes and backslashes: names of other people stay on their line. */
const unescapable = (json: string): string =>
  json.replace(/\\(.)/g, (found, next: string) => (next === '"' || next === '\\' ? found : `\\${found}`))
