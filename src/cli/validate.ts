import type { Problem } from '../config/yaml/problem.ts'
import { CONFIG_OPTION, type Command, complain, EXIT, oneOf, say } from './command.ts'
import { reviewConfiguration, reviewPolicies } from './compose-warnings.ts'
import { problemLines } from './problems.ts'

const help = `Usage: curfew validate [PATH...] [--config FILE] [--strict] [--output text|json]

Checks the daemon's file and all policies that it names, or only the given policy files and folders.
All problems of all files are reported at once, as path:line:column. Text that is valid, but
probably not what you want, gets a warning: a policy that never acts or that another policy makes
superfluous, an entry that has expired or that is no name, a window that leaves out a minute.

Options:
  -c, --config FILE    the daemon's file (default config/curfew.yaml)
      --strict         fail on warnings too
      --output FORMAT  text, or json (default text)

Exit code: 0 if there is no error; 1 if there is one, or with --strict if there is a warning.`

export const validate: Command = {
  help,
  options: { ...CONFIG_OPTION, strict: { type: 'boolean' }, output: { type: 'string', default: 'text' } },
  async run({ values, positionals }) {
    const output = oneOf('output', values.output, ['text', 'json'])
    const found = positionals.length > 0 ? reviewPolicies(positionals) : reviewConfiguration(String(values.config))
    const of = (severity: Problem['severity']) => found.filter((problem) => problem.severity === severity)
    const [errors, warnings] = [of('error'), of('warning')]
    const fails = errors.length > 0 || (values.strict === true && warnings.length > 0)
    const problems = [...errors, ...warnings]

    if (output === 'json') {
      say(JSON.stringify({ problems: problems.map(toJson), errors: errors.length, warnings: warnings.length }, null, 2))
    } else {
      for (const line of problemLines(problems)) complain(line)
      const summary = [count(errors, 'error'), ...(warnings.length > 0 ? [count(warnings, 'warning')] : [])].join(', ')
      if (fails) complain(summary)
      else say(summary)
    }
    return fails ? EXIT.failed : EXIT.ok
  },
}

const toJson = ({ severity, file, line, column, policy, message }: Problem) => ({
  severity,
  file,
  line,
  column,
  policy: policy ?? null,
  message,
})

const count = (found: readonly Problem[], word: string): string =>
  `${found.length === 0 ? 'no' : found.length} ${word}${found.length === 1 ? '' : 's'}`
