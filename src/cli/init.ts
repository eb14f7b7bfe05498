import { join } from 'node:path'
import { endpointId } from '../config/schema/curfew-schema.ts'
import { region } from '../config/schema/region.ts'
import { printable } from '../domain/printable.ts'
import { checked } from './checked.ts'
import { CONFIG_OPTION, type Command, EXIT, OperatorError, say, stringOf, stringsOf, UsageError } from './command.ts'
import { writeFiles } from './compose-files.ts'
import { starterFiles, type Watched } from './starter-files.ts'

const watchedOf = (given: string | undefined, ids: readonly string[]): Watched => {
  const inherited = process.env.AWS_REGION === '' ? undefined : process.env.AWS_REGION
  const found = given ?? inherited
  if (found === undefined && ids.length > 0) {
    throw new UsageError('--endpoint needs the Region of the endpoint: add it, such as --region eu-central-1')
  }
  return {
    region: found && checked(region, given === undefined ? 'AWS_REGION' : '--region', found),
    endpoints: [...new Set(ids.map((id) => checked(endpointId, '--endpoint', id)))],
  }
}

/** A path as a shell reads it, and behind an option. A path that begins with "-" would be an option itself. */
const quoted = (path: string): string => {
  const operand = path.startsWith('-') ? `./${path}` : path
  return /^[\w./~:@%+=-]+$/.test(operand) ? operand : `'${operand.replaceAll("'", "'\\''")}'`
}

const nextSteps = (folder: string, { region, endpoints }: Watched): string => {
  const path = join(folder, 'curfew.yaml')
  const config = path === CONFIG_OPTION.config.default ? '' : ` -c ${quoted(path)}`
  const missing = region === undefined ? 'your Region and the id of your endpoint' : 'the id of your endpoint'
  const first = endpoints.length === 0 ? `write ${missing} into ${path}. Then run` : 'run'
  return `\
Next: ${first}

  curfew validate${config}
  curfew test ${quoted(join(folder, 'policies'))}
  curfew doctor${config}
  curfew plan${config} --mode enforce
  curfew backtest${config} --log-group LOG_GROUP --since 30d
  curfew run${config}

The last four read AWS. LOG_GROUP stands for the log group of the endpoint's connection log: leave out
the backtest if there is none. While the file says "mode: audit", no session ends.`
}

export const init: Command = {
  about: `Writes a first configuration into a folder, which it creates if needed: curfew.yaml in mode audit, a policy,
its test, a README and the JSON Schemas for editors. It calls nobody, and never changes a file: if one is there with
another content, it writes nothing.`,
  operands: { name: 'DIR', isRequired: true },
  options: {
    region: { value: 'REGION', summary: 'the AWS Region of the endpoints (default: the variable AWS_REGION)' },
    endpoint: {
      value: 'ID',
      multiple: true,
      summary:
        'the id of a Client VPN endpoint (default: a placeholder, which "curfew validate" reports until you replace it)',
    },
  },
  exitCodes: '0; 1 if a file is there with another content, or cannot be written.',
  async run({ values, positionals: [folder = ''] }) {
    const watched = watchedOf(stringOf(values.region), stringsOf(values.endpoint))
    const done = await writeFiles(folder, starterFiles(watched))
    if ('why' in done) {
      throw new OperatorError(`cannot write into ${printable(folder)}: ${done.why}. Nothing was written`)
    }
    if ('different' in done) {
      const names = done.different.map((name) => printable(join(folder, name))).join(', ')
      const [other, them] =
        done.different.length === 1
          ? ['is there with another content', 'it']
          : ['are there with other contents', 'them']
      throw new OperatorError(`${names} ${other}, and nothing was written: name another folder, or move ${them} away`)
    }
    const written = done.written.map((name) => `  ${join(folder, name)}`)
    say(written.length === 0 ? `All files are in ${folder} already.` : `Written:\n${written.join('\n')}`)
    say(`\n${nextSteps(folder, watched)}`)
    return EXIT.ok
  },
}
