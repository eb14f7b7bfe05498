import { setMaxListeners } from 'node:events'
import { formatDuration, parseDuration } from '../domain/time/duration.ts'
import { HOUR } from '../domain/time/instant.ts'
import {
  CONFIG_OPTION,
  type Command,
  complain,
  EXIT,
  oneOf,
  outputOption,
  say,
  stringOf,
  UsageError,
} from './command.ts'
import { composeDoctor } from './compose-doctor.ts'
import { examine } from './doctor/examine.ts'
import { reportJson, reportText } from './doctor/report.ts'

const OUTPUTS = ['text', 'json'] as const

const watchOf = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined
  const parsed = parseDuration(text)
  if ('problem' in parsed) throw new UsageError(`--watch: ${parsed.problem}`)
  if (parsed.ms === 0 || parsed.ms > HOUR) throw new UsageError('--watch: expected more than 0s and at most 1h')
  return parsed.ms
}

export const doctor: Command = {
  about: `Checks what often goes wrong on the first day, and says what to do: the configuration and its secrets, the audit trail, the state, the port, the way to AWS, the clock, the credentials, the endpoints and their permissions, and whether AWS gives the names, times and byte counters that policies read.

The first line names the cause. Nothing is changed: permissions are asked for by dry runs. Without --watch it ends within 30 seconds.`,
  options: {
    ...CONFIG_OPTION,
    watch: { value: 'D', summary: 'watch for this time whether byte counters move, up to 1h' },
    ...outputOption(OUTPUTS),
  },
  exitCodes: '0; 1 if a check failed. A warning is no failure.',
  async run({ values }) {
    const output = oneOf('output', values.output, OUTPUTS)
    const watchMs = watchOf(stringOf(values.watch))
    const enough = new AbortController()
    // The watch of each endpoint listens. Node would print a warning from the eleventh on.
    setMaxListeners(0, enough.signal)
    if (watchMs !== undefined) {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => enough.abort())
      complain(`curfew: the findings follow in ${formatDuration(watchMs)} or a little more; Ctrl-C ends the watch`)
    }
    const checks = await examine(composeDoctor(String(values.config)), watchMs, enough.signal)
    say(output === 'json' ? JSON.stringify(reportJson(checks), null, 2) : reportText(checks))
    return checks.some(({ finding }) => finding.state === 'failed') ? EXIT.failed : EXIT.ok
  },
}
