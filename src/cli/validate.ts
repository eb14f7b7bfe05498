import type { Problem } from '../config/yaml/problem.ts'
import { CONFIG_OPTION, type Command, complain, EXIT, oneOf, outputOption, say, UsageError } from './command.ts'
import { readConfiguration } from './compose-files.ts'
import { reviewConfiguration, reviewPolicies } from './compose-warnings.ts'
import { painted } from './paint.ts'
import { complainOf, problemJson } from './problems.ts'

const OUTPUTS = ['text', 'json'] as const

export const validate: Command = {
  usage: ['[PATH...] [--config FILE] [--strict] [--output FORMAT]', '--hash [--config FILE] [--output FORMAT]'],
  about: `Checks the daemon's file and all policies that it names, or only the given policy files and folders. All
problems of all files are reported at once, as path:line:column. Text that is valid, but probably not what you want,
gets a warning: a policy that never acts or that another policy makes superfluous, an entry that has expired or that is
no name, a window that leaves out a minute. A note says what you should know and may mean.`,
  operands: { name: 'PATH', areMany: true },
  options: {
    ...CONFIG_OPTION,
    strict: { summary: 'fail on warnings too' },
    ...outputOption(OUTPUTS),
    hash: {
      summary:
        'print the hash of the policy set and nothing else: the one that "approved" takes, and that the log, /status and the audit trail show',
    },
  },
  exitCodes: '0 if there is no error; 1 if there is one, or with --strict if there is a warning.',
  async run({ values, positionals }) {
    const output = oneOf('output', values.output, OUTPUTS)
    if (values.hash === true) {
      if (positionals.length > 0 || values.strict === true)
        throw new UsageError("--hash is of the daemon's file, and takes no option but --config and --output")
      return printHash(String(values.config), output)
    }
    const found =
      positionals.length > 0 ? reviewPolicies(positionals) : reviewConfiguration(String(values.config)).problems
    const of = (severity: Problem['severity']) => found.filter((problem) => problem.severity === severity)
    const [errors, warnings, notes] = [of('error'), of('warning'), of('note')]
    const fails = errors.length > 0 || (values.strict === true && warnings.length > 0)
    const problems = [...errors, ...warnings, ...notes]

    if (output === 'json') {
      say(
        JSON.stringify(
          { problems: problems.map(problemJson), errors: errors.length, warnings: warnings.length },
          null,
          2,
        ),
      )
    } else {
      complainOf(problems)
      const summary = [
        count(errors, 'error'),
        ...(warnings.length > 0 ? [count(warnings, 'warning')] : []),
        ...(notes.length > 0 ? [count(notes, 'note')] : []),
      ].join(', ')
      if (fails) complain(painted('red', summary, process.stderr))
      else say(painted('green', summary))
    }
    return fails ? EXIT.failed : EXIT.ok
  },
}

/** Prints the hash also if it is not approved, so that it can be. */
const printHash = (path: string, output: (typeof OUTPUTS)[number]) => {
  const { policySetHash, problems } = readConfiguration(path)
  if (policySetHash !== undefined) {
    say(output === 'json' ? JSON.stringify({ policySetHash }, null, 2) : policySetHash)
    return EXIT.ok
  }
  if (output === 'json') say(JSON.stringify({ policySetHash: null }, null, 2))
  complainOf(problems.filter(({ severity }) => severity === 'error'))
  return EXIT.failed
}

const count = (found: readonly Problem[], word: string): string =>
  `${found.length === 0 ? 'no' : found.length} ${word}${found.length === 1 ? '' : 's'}`
