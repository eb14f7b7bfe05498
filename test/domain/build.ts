import type { Connection } from '../../src/domain/connection.ts'
import { NO_HISTORY } from '../../src/domain/judge/memory.ts'
import { because, judge, type Verdict } from '../../src/domain/judge/verdict.ts'
import type { Violation } from '../../src/domain/judge/violation.ts'
import { parsePattern } from '../../src/domain/names/pattern.ts'
import type { UserEntry } from '../../src/domain/names/user-list.ts'
import type { Acting, History, Policy, PolicyKind, Shared } from '../../src/domain/policies/policy.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { POLICY_KINDS } from '../../src/domain/policies/registry.ts'
import { retryRule } from '../../src/domain/terminate/termination.ts'
import { HOUR, type Instant, MINUTE } from '../../src/domain/time/instant.ts'

export const ENDPOINT = 'cvpn-endpoint-0123456789abcdef0'
export const PLACE = { endpointId: ENDPOINT, region: 'eu-central-1' }
/** A Monday noon, UTC. */
export const NOON: Instant = Date.parse('2026-11-23T12:00:00Z')

let made = 0

/** A connection of alice, an hour old at noon; the hook says what is different. */
export const connection = (different: Partial<Connection> = {}): Connection => ({
  id: `cvpn-connection-${(++made).toString(16).padStart(17, '0')}`,
  endpointId: ENDPOINT,
  region: 'eu-central-1',
  username: 'alice',
  commonName: 'alice',
  establishedAt: NOON - HOUR,
  status: 'active',
  ingressBytes: 0,
  egressBytes: 0,
  posture: undefined,
  ...different,
})

export const entry = (source: string, different: Partial<Omit<UserEntry, 'pattern'>> = {}): UserEntry => {
  const parsed = parsePattern(source)
  if ('problem' in parsed) throw new Error(parsed.problem)
  return { pattern: parsed.pattern, from: undefined, until: undefined, reason: undefined, ...different }
}

const kindOf = (name: string): PolicyKind => {
  const found = POLICY_KINDS.find(({ kind }) => kind === name)
  if (found === undefined) throw new Error(`no kind ${name}`)
  return found
}

/** A policy from the keys of its kind, as in YAML. `different` replaces other values of the policy. */
export const policy = (kind: string, keys: Record<string, unknown>, different: Partial<Policy> = {}): Policy => {
  const found = kindOf(kind)
  const shared: Shared = {
    entries: (text) => [entry(text)],
    calendar: () => undefined,
    file: () => undefined,
    problem: (path, message) => {
      throw new Error(`${path.join('.')}: ${message}`)
    },
  }
  return {
    name: kind,
    kind: found,
    rule: found.bind(found.keys.parse(keys) as never, shared),
    mode: 'enforce',
    match: undefined,
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
    ...different,
  }
}

/** The verdict of a policy about one connection alone, and why. `different` replaces parts of the empty history. */
export const judged = (
  tested: Policy,
  who: Connection,
  now: Instant = NOON,
  different: Partial<History> = {},
): Verdict & { readonly why: string } => {
  const [applicability] = createPolicySet([tested], []).everyApplicability(PLACE)(who)
  if (applicability === undefined) throw new Error('no applicability')
  const verdict = judge(applicability, who, { ...NO_HISTORY, ...different }, now)
  return { ...verdict, why: because(verdict, who, now) }
}

/** Policies in mode `enforce` act, and the guard holds none of them. */
export const ENFORCE: Acting = { mode: 'enforce', held: new Set() }

/** Three attempts, each proven within a minute. */
export const RETRY = retryRule({ attempts: 3, verifyWithinMs: MINUTE })

/** A violation by the connection `one`, due since an hour ago. */
export const VIOLATION: Violation = {
  connectionId: 'one',
  username: 'alice',
  commonName: undefined,
  policy: 'daily',
  reason: 'session-age',
  since: NOON - HOUR,
  deadline: NOON - HOUR,
  because: 'too old',
  alsoBy: [],
}
