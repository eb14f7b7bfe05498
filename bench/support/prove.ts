import { setTimeout } from 'node:timers/promises'
import { createVpn } from '../../src/adapters/aws/vpn.ts'
import { hostClock } from '../../src/adapters/host/clock.ts'
import { createRules, judgeEndpoint } from '../../src/domain/judge/judge-endpoint.ts'
import { createMemory } from '../../src/domain/judge/memory.ts'
import { takeIn, takeInLookup } from '../../src/domain/judge/take-in.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import type { Snapshot } from '../../src/domain/snapshot.ts'
import { retryRule } from '../../src/domain/terminate/termination.ts'
import { evidenceOf } from '../../src/domain/terminate/verification.ts'
import { NEVER } from '../../src/domain/time/instant.ts'
import { policy } from '../../test/domain/build.ts'

// Usage: node prove.mjs URL TERMINATIONS ROUNDS. Proves so many terminations by a whole list, which is taken in and judged,
// and by lookups, in turn. Sends the requests and the CPU time of each.
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

/** The requests and the CPU time of some work, in ms. */
const measured = async (work: () => Promise<unknown>) => {
  requests = 0
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return { requests, cpuMs: (user + system) / 1000 }
}

const { connections } = await readList()
const ids = connections.slice(0, Number(terminations)).map(({ id }) => id)
const witness = connections.at(-1)?.id ?? ''

const lookUpAll = async () => {
  let proven = 0
  for (let from = 0; from < ids.length; from += 199) {
    const lookup = await vpn.lookUp(ENDPOINT, [...ids.slice(from, from + 199), witness], never)
    const evidence = evidenceOf(lookup, witness)
    if (evidence !== 'not-filtered') proven += takeInLookup(memory, lookup, evidence, rules).length
  }
  if (proven !== ids.length) throw new Error(`${proven} of ${ids.length} terminations were proven`)
}

const [lists, lookups] = [[] as unknown[], [] as unknown[]]
for (let round = 0; round <= Number(rounds); round++) {
  for (const id of ids) end(id)
  const lookup = await measured(lookUpAll)
  // A list that was begun in the millisecond of the proof is not newer.
  await setTimeout(5)
  const list = await measured(readList)
  // The first round runs code that has not run before.
  if (round === 0) continue
  lists.push(list)
  lookups.push(lookup)
}
process.send?.({ lists, lookups })
process.disconnect?.()
vpn.close()
process.exit(0)
