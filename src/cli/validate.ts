import { hasErrors, type Problem } from '../config/problem.ts'
import { CONFIG_OPTION, type Command, complain, EXIT, say } from './command.ts'
import { readConfiguration, readPolicies } from './compose-files.ts'
import { problemLines } from './problems.ts'

const help = `Usage: curfew validate [PATH...] [--config FILE]

Checks the daemon's file and all policies that it names, or only the policy files and folders that are given. Every
problem of every file is reported at once, as path:line:column.

Options:
  -c, --config FILE  the daemon's file (default config/curfew.yaml)

Exit code: 0 if there is no error, 1 if there is.`

export const validate: Command = {
  help,
  options: { ...CONFIG_OPTION },
  async run({ values, positionals }) {
    const loaded = positionals.length > 0 ? readPolicies(positionals) : readConfiguration(String(values.config))
    const { problems } = loaded
    for (const line of problemLines(problems)) complain(line)
    const errors = problems.filter(({ severity }: Problem) => severity === 'error').length
    if (hasErrors(problems)) complain(`${errors} ${errors === 1 ? 'error' : 'errors'}`)
    else say('no errors')
    return hasErrors(problems) ? EXIT.failed : EXIT.ok
  },
}
