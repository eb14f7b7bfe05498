import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { formatProblems, type Problem } from '../config/yaml/problem.ts'
import { defaultScenario } from '../simulator/default-scenario.ts'
import { faultMixture } from '../simulator/fault-mixture.ts'
import type { FaultScenario } from '../simulator/fault-schema.ts'
import { parseFaultWords } from '../simulator/fault-words.ts'
import type { Scenario } from '../simulator/scenario.ts'
import { parseFaults, parseScenario } from '../simulator/scenario-file.ts'
import { startSimulator } from '../simulator/server.ts'
import { type Command, EXIT, OperatorError, say, stringOf, UsageError } from './command.ts'

const help = `Usage: curfew simulate [--host 127.0.0.1] [--port 4599] [--scenario FILE] [--seed N] [--faults WHAT]

A stand-in for the EC2 API of AWS Client VPN, with clients that come and go.
Point Curfew, the AWS CLI or any SDK at it:

  export AWS_ENDPOINT_URL_EC2=http://127.0.0.1:4599 AWS_ENDPOINT_URL_STS=http://127.0.0.1:4599
  export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any

Options:
  --host ADDRESS   address to listen on (default 127.0.0.1; in a container 0.0.0.0). It takes any credentials.
  --port N         port to listen on; 0 for any free one (default 4599)
  --scenario FILE  who is connected and how AWS behaves (default: a small built-in one)
  --seed N         the same seed and the same requests give the same world and the same faults (default: the scenario's)
  --faults WHAT    what goes wrong, instead of the scenario's faults: "mixture", a little of everything; a list such as
                   throttle=5,stale-list=20,reset with the per cent of requests; or a FILE.yaml with the key "faults"

Faults in a file, each with "percent", "actions", and "after", "for" and "every" for when:
  throttle, other-tool (has drained the account's bucket), internal-error, unavailable, denied, expired-credentials,
  reset, hang, stall (in the middle of an answer), truncated, answer-lost (done, but not told), empty, garbage,
  login-page, proxy-error, error-in-success, wrong-root, wrong-date ("by" 10m), repeated-token, duplicate-rows,
  stale-list (shows what was cut within 20 s), lie (says terminating, does nothing), failed-to-terminate

The first fault of the list that strikes a request is the only one it has.`

const wholeNumber = (option: string, text: string, most: number): number => {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value > most)
    throw new UsageError(`--${option} is a whole number from 0 to ${most}, not "${text}"`)
  return value
}

const readText = (what: string, path: string): Promise<string> =>
  readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new OperatorError(`cannot read the ${what} ${path} (${error.code ?? error.message})`)
  })

const refuse = (problems: readonly Problem[]): never => {
  throw new OperatorError(formatProblems(problems).join('\n'))
}

const readScenario = async (path: string): Promise<Scenario> => {
  const parsed = parseScenario(await readText('scenario', path), path)
  return 'scenario' in parsed ? parsed.scenario : refuse(parsed.problems)
}

const readFaults = async (text: string): Promise<readonly FaultScenario[]> => {
  if (text === 'mixture') return faultMixture
  if (/[/.]/.test(text.replace(/=\d+\.\d+/g, ''))) {
    const parsed = parseFaults(await readText('faults', text), text)
    return 'faults' in parsed ? parsed.faults : refuse(parsed.problems)
  }
  const parsed = parseFaultWords(text)
  if ('problem' in parsed) throw new UsageError(`--faults: ${parsed.problem}`)
  return parsed.faults
}

export const simulate: Command = {
  help,
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '4599' },
    scenario: { type: 'string' },
    seed: { type: 'string' },
    faults: { type: 'string' },
  },
  async run({ values, positionals }) {
    if (positionals.length > 0) throw new UsageError(`simulate takes no "${positionals[0]}"`)
    const host = String(values.host)
    const port = wholeNumber('port', String(values.port), 65_535)
    const seed = values.seed === undefined ? undefined : wholeNumber('seed', String(values.seed), 2 ** 32 - 1)
    const path = stringOf(values.scenario)
    const scenario = path === undefined ? defaultScenario : await readScenario(path)
    const faults = values.faults === undefined ? scenario.faults : await readFaults(String(values.faults))
    const simulator = await startSimulator({
      host,
      port,
      scenario: { ...scenario, faults: [...faults] },
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
