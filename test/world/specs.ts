import { hash } from 'node:crypto'
import type { Assignment } from '../../src/app/daemon.ts'
import type { Policy } from '../../src/domain/policies/policy.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { DAY, HOUR, type Instant, MINUTE, SECOND, toIso } from '../../src/domain/time/instant.ts'
import { SITE } from '../app/world.ts'
import { entry, NOON, policy } from '../domain/build.ts'
import { type AssignmentSpec, type EntrySpec, type PolicySpec, PROTECTED, type Scenario } from './scenario.ts'

/** The instant at which the world begins. */
export const START: Instant = NOON

export const atMinute = (minute: number): Instant => START + minute * MINUTE

/** The UTC offsets of these zones on the day of the world. */
const OFFSET_MS: Readonly<Record<string, number>> = {
  UTC: 0,
  'Europe/Berlin': HOUR,
  'Asia/Kolkata': 5.5 * HOUR,
  'America/Los_Angeles': -8 * HOUR,
}

const wallClock = (at: Instant, zone: string): string =>
  new Date((at + (OFFSET_MS[zone] ?? 0)) % DAY).toISOString().slice(11, 16)

const entriesOf = (specs: readonly EntrySpec[]) =>
  specs.map(({ pattern, fromMinute, untilMinute }) =>
    entry(pattern, {
      from: fromMinute === undefined ? undefined : atMinute(fromMinute),
      until: untilMinute === undefined ? undefined : atMinute(untilMinute),
    }),
  )

const keysOf = (spec: PolicySpec): Record<string, unknown> => {
  switch (spec.kind) {
    case 'max-session-age':
      return { maxAge: `${spec.maxMinutes}m` }
    case 'banned-users':
      return {
        users: spec.users.map(({ pattern, fromMinute, untilMinute }) => ({
          pattern,
          ...(fromMinute !== undefined && { from: toIso(atMinute(fromMinute)) }),
          ...(untilMinute !== undefined && { until: toIso(atMinute(untilMinute)) }),
        })),
      }
    case 'off-hours': {
      const [from, to] = [spec.startMinute, spec.startMinute + spec.minutes].map((minute) =>
        wallClock(atMinute(minute), spec.zone),
      )
      return { timeZone: spec.zone, denied: [{ hours: `${from}-${to}` }] }
    }
    case 'max-sessions':
      return { limit: spec.limit, evict: spec.evict }
    case 'max-transfer':
      return { total: `${spec.totalMiB}MiB` }
    case 'posture':
      return { require: ['healthy'] }
    case 'idle-timeout':
      return { after: `${spec.afterMinutes}m`, below: '64KiB' }
  }
}

/** A policy is named by its kind and index, so that an edit changes some policies and keeps others. */
export const nameOf = ({ kind }: PolicySpec, index: number): string => `${kind}-${index}`

const policyOf = (spec: PolicySpec, index: number): Policy => {
  const { guard: _guard, ...content } = spec
  return policy(spec.kind, keysOf(spec), {
    name: nameOf(spec, index),
    mode: spec.mode,
    graceMs: spec.graceSeconds * SECOND,
    guard: spec.guard,
    cooldownMs: spec.cooldownMinutes * MINUTE,
    match: spec.match && { users: spec.match.map((text) => entry(text)), endpoints: undefined, regions: undefined },
    exempt: spec.exempt && { users: entriesOf(spec.exempt), endpoints: undefined, regions: undefined },
    hash: JSON.stringify(content),
  })
}

export const ENDPOINTS = ['0', '1', '2'].map((digit) => `cvpn-endpoint-0123456789abcde0${digit}`)

/** The endpoint that answers at once while the others are slow, with the fault `slow-neighbours`. */
export const PROMPT_ENDPOINT = ENDPOINTS.at(-1)

export const watchedBy = ({ watched }: AssignmentSpec): readonly string[] =>
  watched.flatMap((place) => ENDPOINTS[place] ?? [])

const VERIFY = { verifyWithinMs: MINUTE, attempts: 3 }

const setOf = (policies: readonly PolicySpec[]) =>
  createPolicySet(
    policies.map(policyOf),
    PROTECTED.map((text) => entry(text)),
  )

/** Binds the policies that a state keeps. */
export const readPolicySet = (written: unknown) => setOf(written as readonly PolicySpec[])

export const assignmentOf = (spec: AssignmentSpec, { rate, staleAfterMinutes, pollSeconds }: Scenario): Assignment => ({
  policies: setOf(spec.policies),
  written: spec.policies,
  settings: {
    mode: spec.mode,
    staleAfterMs: staleAfterMinutes * MINUTE,
    minGapMs: 5 * SECOND,
    termination: VERIFY,
    guard: {
      maxPercent: spec.guard.maxPercent,
      minConnections: spec.guard.minConnections,
      lookAheadMs: spec.guard.lookAheadMinutes * MINUTE,
    },
    policySetHash: hash('sha256', JSON.stringify(spec.policies)),
  },
  schedule: `*/${pollSeconds} * * * * *`,
  terminationRate: rate,
  watch: [{ site: SITE, endpoints: watchedBy(spec).map((id) => ({ id, name: id })), discover: undefined }],
})

/** Three accounts, each with one of the endpoints: three units. */
export const SITES = ENDPOINTS.map((_, index) => ({
  ...SITE,
  assumeRole: { arn: `arn:aws:iam::11112222000${index}:role/curfew`, externalId: undefined },
}))

/** The assignment of a replica: each endpoint is in an account of its own. */
export const fleetAssignmentOf = (spec: AssignmentSpec, scenario: Scenario): Assignment => ({
  ...assignmentOf(spec, scenario),
  watch: SITES.map((site, index) => ({
    site,
    endpoints: ENDPOINTS.slice(index, index + 1).map((id) => ({ id, name: id })),
    discover: undefined,
  })),
})
