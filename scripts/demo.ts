import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { lookOfOutput, terminalLine } from '../src/adapters/log/terminal-line.ts'
import type { CurfewEvent } from '../src/app/events.ts'
import { composeDaemon, createLog } from '../src/cli/compose-daemon.ts'
import { readConfiguration } from '../src/cli/compose-files.ts'
import { problemLines } from '../src/cli/problems.ts'
import { parseDuration } from '../src/domain/time/duration.ts'
import { parseScenario } from '../src/simulator/scenario-file.ts'
import { startSimulator } from '../src/simulator/server.ts'

// npm run demo: runs the daemon in enforce mode against a simulated EC2 on this machine, and prints a line for each
// terminated connection.

const { values } = parseArgs({ options: { for: { type: 'string' } } })
const forText = values.for
const forMs = forText === undefined ? undefined : parseDuration(forText)
if (forMs !== undefined && 'problem' in forMs) fail(`--for: ${forMs.problem}`)

const parsed = parseScenario(await readFile('config/demo/scenario.yaml', 'utf8'))
if ('problems' in parsed)
  fail(parsed.problems.map(({ line, message }) => `config/demo/scenario.yaml:${line}: ${message}`).join('\n'))
const { configuration, problems } = readConfiguration('config/demo/curfew.yaml')
if (configuration === undefined) fail(problemLines(problems).join('\n'))

const simulator = await startSimulator({ scenario: parsed.scenario })
// The daemon finds the simulator like any EC2 endpoint. The simulator accepts any credentials.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'
process.env.AWS_ENDPOINT_URL_EC2 = simulator.url
process.env.AWS_ENDPOINT_URL_STS = simulator.url
process.env.AWS_ACCESS_KEY_ID = 'demo'
process.env.AWS_SECRET_ACCESS_KEY = 'demo'

const violation = new Map<string, string>()
const ended = new Map<string, number>()
let confirmed = 0

const show = (event: CurfewEvent) => {
  if (event.event === 'poll-failed') print('blind', event.endpoint.name, event.message)
  if (event.event === 'termination' && event.outcome === 'confirmed') confirmed++
  if (event.event !== 'accepted') return
  const { connectionId, username, commonName, policy, because } = event.violation
  violation.set(connectionId, policy)
  ended.set(policy, (ended.get(policy) ?? 0) + 1)
  print('ended', username ?? commonName ?? '(no name)', `${policy}: ${because}`)
}

function print(word: string, subject: string, reason: string) {
  const time = new Date().toISOString()
  process.stdout.write(terminalLine({ time, word, text: `${subject.padEnd(30)}  ${reason}` }, lookOfOutput()))
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}

const { run, startServer, close } = await composeDaemon({
  configuration,
  ...createLog('silent'),
  listeners: [show],
})
const server = await startServer()
process.stdout.write(`Curfew enforces the policies of config/demo/ on a simulated AWS Client VPN.

  metrics    ${server.url}/metrics
  status     ${server.url}/status
  simulator  ${simulator.url}

${forMs === undefined ? 'Press Ctrl-C to stop.' : `It stops after ${forText}.`}

`)

const stop = new AbortController()
const running = run(stop.signal)
const timer = forMs && 'ms' in forMs ? setTimeout(() => stop.abort(), forMs.ms) : undefined
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM'), once(stop.signal, 'abort')])
clearTimeout(timer)
stop.abort()
await running
await close()
await server.close()
await simulator.close()

const terminated = simulator.requests.flatMap(({ action, status, params }) =>
  action === 'TerminateClientVpnConnections' && status === 200 && params.DryRun !== 'true'
    ? [params.ConnectionId ?? '']
    : [],
)
const unexplained = terminated.filter((id) => !violation.has(id))
process.stdout.write(`
Ended by policy:
${[...ended].map(([policy, count]) => `  ${policy.padEnd(24)} ${count}`).join('\n')}

${terminated.length} termination calls, ${confirmed} proven so far, ${unexplained.length} without a policy.
`)
process.exitCode = unexplained.length > 0 ? 1 : 0
