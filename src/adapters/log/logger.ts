import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino'
import { printableLines } from '../../domain/printable.ts'
import { limited } from './line-limit.ts'

export const LOG_FORMATS = ['json', 'pretty'] as const
export type LogFormat = (typeof LOG_FORMATS)[number]

/** Curfew logs nothing under these names. A library that receives the logger may do so. */
const SECRETS = ['authorization', 'cookie', 'password', 'secret', 'token'].flatMap((name) => [
  name,
  `*.${name}`,
  `*.*.${name}`,
])

/** Writes one line for each event: JSON for machines, or `pretty` for a terminal. */
export const createLogger = async (
  level: string,
  format: LogFormat,
  destination: DestinationStream,
): Promise<Logger> => {
  const pretty = format === 'pretty' ? await createPretty() : undefined
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: SECRETS, censor: '[redacted]' },
    hooks: {
      streamWrite: (json) => {
        // JSON does not escape characters that some terminals obey: C1 controls and marks that reverse the text
        // direction.
        const line = limited(printableLines(json))
        return pretty === undefined ? line : pretty(keepEscapes(line))
      },
    },
  }
  return pino(options, destination)
}

/** Not a pino transport: a transport loads its module by name at run time, which fails in the bundle. */
const createPretty = async () => {
  // In the bundle a CommonJS module has no named exports.
  const { default: pretty } = await import('pino-pretty')
  const colorize = process.stdout.isTTY === true && process.env.NO_COLOR === undefined
  return pretty.prettyFactory({ colorize, translateTime: 'SYS:HH:MM:ss.l' })
}

/**
 * Doubles every escape except quotes and backslashes, so that pino-pretty does not turn it back into a control
 * character: a user name with a line break stays on its line.
 */
const keepEscapes = (json: string): string =>
  json.replace(/\\(.)/g, (found, next: string) => (next === '"' || next === '\\' ? found : `\\${found}`))
