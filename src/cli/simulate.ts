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

const wholeNumber = (option: string, text: string, most: number): number => {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value > most)
    throw new UsageError(`--${option}: expected a whole number from 0 to ${most}, found "${text}"`)
  return value
}

const readText = (what: string, path: string): Promise<string> =>
  readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new OperatorError(`cannot read the ${what} file ${path} (${error.code ?? error.message})`)
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
  about: `Runs a local stand-in for the EC2, STS and CloudWatch Logs APIs of AWS Client VPN, with clients that connect
and disconnect. To use it with Curfew, the AWS CLI or an SDK, set:
  export AWS_ENDPOINT_URL_EC2=http://127.0.0.1:4599 AWS_ENDPOINT_URL_STS=http://127.0.0.1:4599
  export AWS_ENDPOINT_URL_CLOUDWATCH_LOGS=http://127.0.0.1:4599
  export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any

The simulator accepts any credentials.`,
  options: {
    host: {
      value: 'ADDRESS',
      default: '127.0.0.1',
      summary: 'address to listen on; in a container use 0.0.0.0',
    },
    port: { value: 'N', default: '4599', summary: 'port to listen on; 0 selects a free port' },
    scenario: {
      value: 'FILE',
      summary: 'the clients and the behaviour of AWS (default: a small built-in scenario)',
    },
    seed: {
      value: 'N',
      summary:
        'seed of the random generator (default: the seed of the scenario); the same seed and the same requests give the same clients and the same faults',
    },
    faults: {
      value: 'FAULTS',
      summary:
        'faults to use instead of those of the scenario: "mixture", which is a little of everything; a list with percentages of requests, such as throttle=5,stale-list=20,reset; or a FILE.yaml with the key "faults"',
    },
  },
  notes: `Each fault in a file has "percent", "actions" and, to limit its time, "after", "for" and "every":
  throttle              the request is throttled
  other-tool            another tool has used up the request limit of the account
  internal-error        EC2 answers with InternalError
  unavailable           EC2 answers with Unavailable
  denied                IAM denies the request
  expired-credentials   the credentials have expired
  reset, hang           the connection is reset; no answer comes
  stall, truncated      the answer stops in the middle; the answer ends in the middle
  answer-lost           the request is carried out, but no answer comes
  empty, garbage        the answer is empty; the answer is not XML
  login-page            the answer is an HTML login page with status 200
  proxy-error           the answer is an HTML page of a proxy with status 502
  error-in-success      the answer has status 200 and contains an error
  wrong-root            the answer is that of another action
  wrong-date            the Date header is ahead, by the value of "by" (default 10m)
  repeated-token        a page names itself as the next page
  duplicate-rows        the first three rows of a page are listed twice
  stale-list            the list shows connections as active for 20 s after their termination
  filter-refused        a list with a filter is answered with InvalidParameterValue
  filter-ignored        a list with a filter is answered with all connections
  filter-lossy          a list with a filter has only the first half of its connections
  lie                   a termination is acknowledged and does nothing
  failed-to-terminate   a terminated connection gets the status failed-to-terminate

If several faults of the list apply to a request, only the first of them takes effect. Requests to STS and to
CloudWatch Logs have no faults.`,
  exitCodes: '0; 1 if it cannot listen or a file has errors.',
  async run({ values }) {
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
