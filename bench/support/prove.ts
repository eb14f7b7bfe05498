import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import {
  DescribeClientVpnConnectionsCommand,
  EC2Client,
  paginateDescribeClientVpnConnections,
} from '@aws-sdk/client-ec2'
import { createVpn } from '../../src/adapters/aws/vpn.ts'
import { hostClock } from '../../src/adapters/host/clock.ts'
import { createRules, judgeEndpoint } from '../../src/domain/judge/judge-endpoint.ts'
import { createMemory } from '../../src/domain/judge/memory.ts'
import { takeIn, takeInLookup } from '../../src/domain/judge/take-in.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import type { Snapshot } from '../../src/domain/snapshot.ts'
import { evidenceOf } from '../../src/domain/terminate/evidence.ts'
import { retryRule } from '../../src/domain/terminate/termination.ts'
import { NEVER } from '../../src/domain/time/instant.ts'
import { policy } from '../../test/domain/build.ts'

// Usage: node prove.mjs URL TERMINATIONS ROUNDS. Proves so many terminations in several ways, which take turns, and sends the
// requests and the CPU time of each way. Curfew takes in what it reads. The scripts only look at the states.
const [, , url = '', terminations = '8', rounds = '3'] = process.argv
const ENDPOINT = 'cvpn-endpoint-0123456789abcdef0'
process.env.AWS_ACCESS_KEY_ID = 'bench'
process.env.AWS_SECRET_ACCESS_KEY = 'bench'
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'

let requests = 0
const vpn = createVpn({
  region: 'eu-central-1',
  endpointUrl: url,
  requestTimeoutMs: 30_000,
  clock: hostClock,
  onRequest: () => requests++,
})
const never = new AbortController().signal
const location = { id: ENDPOINT, name: 'bench', region: 'eu-central-1', account: undefined, tags: undefined }
const set = createPolicySet([policy('max-session-age', { maxAge: '8h' })], [])
const rules = createRules({
  set,
  setHash: 'bench',
  earlierSet: () => undefined,
  location: location as never,
  mode: 'enforce',
  guard: { maxPercent: 50, minConnections: 10, lookAheadMs: 0 },
  staleAfterMs: 300_000,
  retry: retryRule({ attempts: 3, verifyWithinMs: 60_000 }),
  changedAt: () => -NEVER,
})
const memory = createMemory()
memory.confirmClock(hostClock.now())

/** Reads the whole endpoint as a poll does. */
const readList = async (): Promise<Snapshot> => {
  const snapshot = await vpn.snapshot(ENDPOINT, never, undefined, memory.shown())
  const observation = memory.begin(snapshot, set, rules.location)
  observation.read(0, snapshot.connections.length)
  takeIn(memory, snapshot, observation, rules)
  const judgement = judgeEndpoint({ state: 'fresh', snapshot, confirmAt: NEVER }, rules, memory, hostClock.now())
  if (judgement.learned !== undefined) memory.learn(judgement.learned)
  return snapshot
}

const end = (id: string) => {
  const now = hostClock.now() - 10_000
  const violation = {
    connectionId: id,
    username: undefined,
    commonName: undefined,
    policy: 'bench',
    reason: '',
    since: now,
    deadline: now,
    because: '',
    alsoBy: [],
  }
  memory.terminations.happen(id, { what: 'taken', violation, callId: id, selector: 'connection-id' }, now, rules.retry)
  memory.terminations.happen(id, { what: 'left' }, now, rules.retry)
  memory.terminations.happen(id, { what: 'accepted', requestId: id }, now, rules.retry)
}

const { connections } = await readList()
const ids = connections.slice(0, Number(terminations)).map(({ id }) => id)
const witness = connections.at(-1)?.id ?? ''

/** The most values that AWS takes in a filter. Curfew's last one is the witness. */
const FILTER_VALUES = 200

const inParts = async (size: number, proveSome: (some: readonly string[]) => Promise<number>): Promise<number> => {
  let proven = 0
  for (let from = 0; from < ids.length; from += size) proven += await proveSome(ids.slice(from, from + size))
  return proven
}

const agent = new Agent({ keepAlive: true })
const client = new EC2Client({ region: 'eu-central-1', endpoint: url })

/** Each returns how many of the terminations it saw proven. The list after the lookups ends what the memory knows of them. */
const WAYS: Readonly<Record<string, () => Promise<number>>> = {
  lookups: () =>
    inParts(FILTER_VALUES - 1, async (some) => {
      const lookup = await vpn.lookUp(ENDPOINT, [...some, witness], never)
      const evidence = evidenceOf(lookup, witness)
      return evidence === 'not-filtered' ? 0 : takeInLookup(memory, lookup, evidence, rules).length
    }),
  async 'whole list'() {
    const { connections: read } = await readList()
    return read.filter(({ id }) => ended.has(id)).length
  },
  async 'SDK, whole list'() {
    let found = 0
    const pages = paginateDescribeClientVpnConnections({ client, pageSize: 1000 }, { ClientVpnEndpointId: ENDPOINT })
    for await (const { Connections = [] } of pages) {
      requests++
      for (const { ConnectionId = '' } of Connections) if (ended.has(ConnectionId)) found++
    }
    return found
  },
  'SDK, filter': () =>
    inParts(FILTER_VALUES, async (some) => {
      requests++
      const Filters = [{ Name: 'connection-id', Values: [...some] }]
      const command = new DescribeClientVpnConnectionsCommand({ ClientVpnEndpointId: ENDPOINT, Filters })
      const { Connections = [] } = await client.send(command)
      return Connections.filter(({ Status }) => Status?.Code === 'terminated').length
    }),
  // Neither signed nor parsed.
  'bare filter': () =>
    inParts(FILTER_VALUES, async (some) => {
      requests++
      const body = new URLSearchParams(some.map((id, at) => [`Filter.1.Value.${at + 1}`, id]))
      const asked = request(url, { method: 'POST', agent }).end(body.toString())
      const [response] = (await once(asked, 'response')) as [IncomingMessage]
      return (await text(response)).split('<code>terminated<').length - 1
    }),
}

const ended: ReadonlySet<string> = new Set(ids)
const used: Readonly<Record<string, Array<{ readonly requests: number; readonly cpuMs: number }>>> = Object.fromEntries(
  Object.keys(WAYS).map((name) => [name, []]),
)
for (let round = 0; round <= Number(rounds); round++) {
  for (const id of ids) end(id)
  for (const [way, prove] of Object.entries(WAYS)) {
    requests = 0
    const before = process.cpuUsage()
    const proven = await prove()
    const { user, system } = process.cpuUsage(before)
    if (proven !== ids.length) throw new Error(`${way}: ${proven} of ${ids.length} terminations were proven`)
    // The first round runs code that has not run before.
    if (round > 0) used[way]?.push({ requests, cpuMs: (user + system) / 1000 })
    // A list that was begun in the millisecond of the proof is not newer.
    await setTimeout(5)
  }
}
process.send?.(used)
process.disconnect?.()
vpn.close()
process.exit(0)
