import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diskFiles } from '../src/adapters/files/config-files.ts'
import { loadPolicies } from '../src/config/load.ts'
import type { Connection } from '../src/domain/connection.ts'
import { createDecider } from '../src/domain/decide.ts'
import { NO_HISTORY } from '../src/domain/memory.ts'
import { createPolicySet } from '../src/domain/policy-set.ts'

// What a long list of bans costs: to load, at the first decision (every person is looked up once) and at the next.

const BANS = 100_000
const GLOBS = 2_000
const CONNECTIONS = 20_000
const ROUNDS = 5

const folder = mkdtempSync(join(tmpdir(), 'curfew-bench-'))
const policies = (keys: string) => `version: 1\npolicies:\n  - { name: leavers, kind: banned-users, ${keys} }\n`
const names = Array.from({ length: BANS }, (_, index) => `leaver-${index}@corp.example`)
const globs = Array.from({ length: GLOBS }, (_, index) =>
  index % 2 === 0 ? `ext${index}-*` : `*@vendor${index}.example`,
)
writeFileSync(join(folder, 'banned.txt'), [...names, ...globs].join('\n'))
writeFileSync(join(folder, 'many.yaml'), policies('usersFile: ./banned.txt'))
writeFileSync(join(folder, 'one.yaml'), policies('users: [mallory]'))

const connections = Array.from(
  { length: CONNECTIONS },
  (_, index): Connection => ({
    id: `cvpn-connection-${index}`,
    endpointId: 'cvpn-endpoint-0123456789abcdef0',
    region: 'eu-central-1',
    username: `person-${index}@corp.example`,
    commonName: `person-${index}`,
    establishedAt: 0,
    status: 'active',
    ingressBytes: 0,
    egressBytes: 0,
    posture: undefined,
  }),
)

const median = (figures: readonly number[]) => [...figures].sort((a, b) => a - b)[figures.length >> 1] ?? 0
const timed = (work: () => void) => {
  const startedAt = performance.now()
  work()
  return performance.now() - startedAt
}

const measure = (file: string) => {
  const rounds = Array.from({ length: ROUNDS }, () => {
    let loaded: ReturnType<typeof loadPolicies> | undefined
    const load = timed(() => {
      loaded = loadPolicies(diskFiles, [join(folder, file)])
    })
    const set = createPolicySet(loaded?.policies ?? [], [])
    const decider = createDecider(set, { endpointId: 'cvpn-endpoint-0123456789abcdef0', region: 'eu-central-1' })
    const decide = () => timed(() => decider.decide(connections, NO_HISTORY, 1, 'enforce'))
    const [first, second] = [decide(), decide()]
    return { load, first, second }
  })
  const of = (pick: (round: (typeof rounds)[number]) => number) => median(rounds.map(pick))
  return { load: of(({ load }) => load), first: of(({ first }) => first), second: of(({ second }) => second) }
}

const perConnection = (ms: number) => `${((ms * 1e6) / CONNECTIONS).toFixed(0)} ns`
try {
  const [one, many] = [measure('one.yaml'), measure('many.yaml')]
  console.log(
    `medians of ${ROUNDS} rounds, ${CONNECTIONS} connections that none of the bans names, Node ${process.version}`,
  )
  console.table({
    '1 ban': {
      load: `${one.load.toFixed(0)} ms`,
      'first decision': perConnection(one.first),
      'next decision': perConnection(one.second),
    },
    [`${BANS} bans, ${GLOBS} globs`]: {
      load: `${many.load.toFixed(0)} ms`,
      'first decision': perConnection(many.first),
      'next decision': perConnection(many.second),
    },
    ratio: {
      load: (many.load / one.load).toFixed(1),
      'first decision': (many.first / one.first).toFixed(1),
      'next decision': (many.second / one.second).toFixed(2),
    },
  })
} finally {
  rmSync(folder, { recursive: true, force: true })
}
