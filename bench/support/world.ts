import type { Connection } from '../../src/domain/connection.ts'
import { parsePattern } from '../../src/domain/names/pattern.ts'
import type { UserEntry } from '../../src/domain/names/user-list.ts'
import { offHours } from '../../src/domain/policies/off-hours.ts'
import type { Policy, Shared } from '../../src/domain/policies/policy.ts'
import { POLICY_KINDS } from '../../src/domain/policies/registry.ts'
import { HOUR, type Instant } from '../../src/domain/time/instant.ts'

/** A Monday noon, UTC. */
export const NOON: Instant = Date.UTC(2026, 10, 23, 12)
export const PLACE = { endpointId: 'cvpn-endpoint-0123456789abcdef0', region: 'eu-central-1' }
const TEAMS = 40
const BANS = 10_000
const GLOBS = 500

/** The prefix of the names in a team. */
const teamOf = (team: number) => `team${team}-`

/** The team of a name, or -1 if it has none. */
export const teamNamed = (name: string): number => Number(/^team(\d+)-/.exec(name)?.[1] ?? -1)

const entry = (text: string): UserEntry => {
  const parsed = parsePattern(text)
  if ('problem' in parsed) throw new Error(parsed.problem)
  return { pattern: parsed.pattern, from: undefined, until: undefined, reason: undefined }
}

const shared: Shared = {
  entries: (text) => [entry(text)],
  calendar: () => undefined,
  file: () => undefined,
  problem: (_path, message) => {
    throw new Error(message)
  },
}

const policy = (name: string, kindName: string, keys: Record<string, unknown>, users: string | undefined): Policy => {
  const kind = POLICY_KINDS.find((known) => known.kind === kindName) ?? offHours
  return {
    name,
    kind,
    rule: kind.bind(kind.keys.parse(keys) as never, shared),
    mode: 'enforce',
    match: users === undefined ? undefined : { users: [entry(users)], endpoints: undefined, regions: undefined },
    exempt: undefined,
    matchGroup: undefined,
    message: undefined,
    graceMs: 0,
    warn: [],
    extend: undefined,
    guard: 'on',
    hash: '',
    cooldownMs: 0,
    cooldownByCommonName: false,
    from: undefined,
    until: undefined,
    timeZone: undefined,
  }
}

/** The rules of a policy set of this size, as plain values. */
export const rulesOf = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    kind:
      (['max-session-age', 'banned-users', 'off-hours', 'max-transfer', 'posture'] as const)[index % 5] ?? 'posture',
    /** The first three rules match every user, each other rule matches one team. */
    team: index < 3 ? undefined : index % TEAMS,
    maxAgeMs: 10 * HOUR,
    banned:
      index === 1
        ? [
            ...Array.from({ length: BANS }, (_name, at) => `leaver-${at}@corp.example`),
            ...Array.from({ length: GLOBS }, (_glob, at) => `ext${at}-*`),
          ]
        : [`leaver-${index}@corp.example`],
    maxBytes: 1_000_000_000_000,
  }))

export type Rule = ReturnType<typeof rulesOf>[number]

/** The names of a ban as exact names and prefixes, for contenders without patterns. */
export const namesOf = ({ banned }: Rule) => ({
  exact: new Set(banned.filter((name) => !name.endsWith('*'))),
  prefixes: new Set(banned.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1))),
})

export const policiesOf = (rules: readonly Rule[]): readonly Policy[] =>
  rules.map(({ kind, team, banned }, index) => {
    const keys = {
      'max-session-age': { maxAge: '10h' },
      'banned-users': { users: banned },
      'off-hours': { timeZone: 'Europe/Berlin', denied: [{ hours: '20:00-24:00' }] },
      'max-transfer': { total: '1000GB' },
      posture: { require: ['healthy'] },
    }[kind]
    return policy(`policy-${index}`, kind, keys, team === undefined ? undefined : `${teamOf(team)}*`)
  })

/**
 * Of every thousand connections, one is too old, one is banned by name and one by pattern, one is above its byte limit, and
 * one has a device in quarantine.
 */
const specialValues = (at: number): Partial<Connection> => {
  const named = (name: string) => ({ username: name, commonName: name })
  switch (at % 1000) {
    case 3:
      return { ingressBytes: 2_000_000_000_000 }
    case 4:
      return { posture: ['quarantined'] }
    case 7:
      return { establishedAt: NOON - 11 * HOUR }
    case 8:
      return named(`leaver-${at % BANS}@corp.example`)
    case 9:
      return named(`ext${at % GLOBS}-person-${at}`)
    default:
      return {}
  }
}

/** The text in one piece, as a reader makes it of the bytes of a page. A text that was put together would be first made so. */
const asRead = (text: string): string => Buffer.from(text, 'latin1').toString('latin1')

/**
 * The connections of one snapshot. As in a new answer of AWS, every object and string is new. From one snapshot to the next
 * about one connection in a hundred has other byte counters.
 */
export const connectionsOf = (count: number, snapshot = 0): readonly Connection[] =>
  Array.from({ length: count }, (_, at): Connection => {
    const name = asRead(`${teamOf(at % TEAMS)}person-${at}@corp.example`)
    return {
      id: asRead(`cvpn-connection-${String(at).padStart(17, '0')}`),
      ...PLACE,
      username: name,
      commonName: name,
      establishedAt: NOON - HOUR,
      status: 'active',
      ingressBytes: at + (at % 101 === 0 ? snapshot : 0),
      egressBytes: at,
      posture: ['healthy'],
      ...specialValues(at),
    }
  })
