import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino'
import { printableLines } from '../../domain/printable.ts'
import { limited } from './line-limit.ts'
import type { NamesInLog } from './names-in-log.ts'
import { prettyLine } from './pretty-line.ts'
import { lookOfOutput } from './terminal-line.ts'

export const LOG_FORMATS = ['json', 'pretty'] as const
export type LogFormat = (typeof LOG_FORMATS)[number]

/** Curfew logs nothing under these names. A library that receives the logger may do so. */
const SECRETS = ['authorization', 'cookie', 'password', 'secret', 'token'].flatMap((name) => [
  name,
  `*.${name}`,
  `*.*.${name}`,
])

/** Writes one line for each event: JSON for programs, or `pretty` for a terminal. */
export const createLogger = (options: {
  readonly level: string
  readonly format: LogFormat
  readonly names: Pick<NamesInLog, 'exception'>
  readonly destination: DestinationStream
}): Logger => {
  const { level, format, names, destination } = options
  const settings: LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: names.exception },
    redact: { paths: SECRETS, censor: '[redacted]' },
    hooks: {
      streamWrite: (json) => {
        // JSON does not escape characters that some terminals obey: C1 controls and marks that reverse the text
        // direction.
        const line = limited(printableLines(json))
        return format === 'pretty' ? prettyLine(line, lookOfOutput()) : line
      },
    },
  }
  return pino(settings, destination)
}
