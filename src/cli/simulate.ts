import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { defaultScenario } from '../simulator/default-scenario.ts'
import { parseScenario } from '../simulator/scenario-file.ts'
import { startSimulator } from '../simulator/server.ts'
import { type Command, EXIT, OperatorError, say, stringOf, UsageError } from './command.ts'

const help = `Usage: curfew simulate [--host 127.0.0.1] [--port 4599] [--scenario FILE] [--seed N]

A stand-in for the EC2 API of AWS Client VPN, with clients that come and go.
Point Curfew, the AWS CLI or any SDK at it:

  export AWS_ENDPOINT_URL_EC2=http://127.0.0.1:4599 AWS_ENDPOINT_URL_STS=http://127.0.0.1:4599
  export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any

Options:
  --host ADDRESS   address to listen on (default 127.0.0.1; in a container 0.0.0.0). It takes any credentials.
  --port N         port to listen on; 0 for any free one (default 4599)
  --scenario FILE  who is connected and how AWS behaves (default: a small built-in one)
  --seed N         the same seed and the same requests give the same world (default: the scenario's)`

const wholeNumber = (option: string, text: string, most: number): number => {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value > most)
    throw new UsageError(`--${option} is a whole number from 0 to ${most}, not "${text}"`)
  return value
}

const readScenario = async (path: string) => {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new OperatorError(`cannot read the scenario ${path} (${error.code ?? error.message})`)
  })
  const parsed = parseScenario(text)
  if ('scenario' in parsed) return parsed.scenario
  throw new OperatorError(
    parsed.problems.map(({ line, column, message }) => `${path}:${line}:${column}: error: ${message}`).join('\n'),
  )
}

export const simulate: Command = {
  help,
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '4599' },
    scenario: { type: 'string' },
    seed: { type: 'string' },
  },
  async run({ values, positionals }) {
    if (positionals.length > 0) throw new UsageError(`simulate takes no "${positionals[0]}"`)
    const host = String(values.host)
    const port = wholeNumber('port', String(values.port), 65_535)
    const seed = values.seed === undefined ? undefined : wholeNumber('seed', String(values.seed), 2 ** 32 - 1)
    const path = stringOf(values.scenario)
    const scenario = path === undefined ? undefined : await readScenario(path)
    const simulator = await startSimulator({
      host,
      port,
      scenario: scenario ?? defaultScenario,
      ...(seed !== undefined && { seed }),
    }).catch((error: NodeJS.ErrnoException) => {
      throw new OperatorError(`cannot listen on ${host}:${port} (${error.code}): choose another --port or --host`)
    })
    say(`listening on ${simulator.url}`)
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
    await simulator.close()
    return EXIT.ok
  },
}
