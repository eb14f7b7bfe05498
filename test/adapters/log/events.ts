import type { CurfewEvent, Endpoint } from '../../../src/app/events.ts'
import type { Violation } from '../../../src/domain/judge/violation.ts'
import { NEVER } from '../../../src/domain/time/instant.ts'
import { connection, NOON, policy } from '../../domain/build.ts'

export const ENDPOINT: Endpoint = {
  id: 'cvpn-endpoint-0123456789abcdef0',
  name: 'office',
  region: 'eu-central-1',
  account: '111122223333',
}

export const VIOLATION: Violation = {
  connectionId: 'cvpn-connection-0123456789abcdef0',
  username: 'alice',
  commonName: 'alice.laptop',
  policy: 'daily',
  reason: 'session-age',
  since: NOON,
  deadline: NOON,
  because: 'connected since 04:00, for 8h: at most 8h is allowed',
  alsoBy: ['nights'],
}

const on = { endpoint: ENDPOINT, at: NOON }
const configuration = { mode: 'enforce' as const, policies: 1, endpoints: [ENDPOINT], policySetHash: 'hash', at: NOON }
const daily = policy('max-session-age', { maxAge: '8h' }, { name: 'daily' })
const alice = connection()
const call = { selector: 'connection-id' as const, decisions: [{ connection: alice }] } as never

/** One event of each name. */
export const EVENTS: { readonly [Name in CurfewEvent['event']]: Extract<CurfewEvent, { event: Name }> } = {
  started: { event: 'started', ...configuration },
  reloaded: { event: 'reloaded', ...configuration },
  stopping: { event: 'stopping', inFlight: 1 },
  stopped: { event: 'stopped', at: NOON },
  'reload-refused': { event: 'reload-refused', source: 'files', problems: ['curfew.yaml:1:1: error: unknown key "x"'] },
  'mode-obeyed': { event: 'mode-obeyed', ...configuration, mode: 'audit' },
  'list-changed': {
    event: 'list-changed',
    policy: 'leavers',
    list: 'users',
    entries: 3,
    added: ['trudy'],
    removed: ['alice', 'bob'],
    at: NOON,
  },
  'audit-head': { event: 'audit-head', occasion: 'hour', seq: 195, hash: 'd91ec9', at: NOON },
  warned: {
    event: 'warned',
    ...on,
    violation: VIOLATION,
    leadMs: 900_000,
    endsAt: NOON,
    target: 'security-desk',
  },
  'not-warned': {
    event: 'not-warned',
    ...on,
    violation: VIOLATION,
    leadMs: 900_000,
    endsAt: NOON,
    target: 'security-desk',
    why: 'too-late',
  },
  'endpoints-changed': { event: 'endpoints-changed', endpoints: [ENDPOINT], gone: [] },
  'endpoint-overlap': {
    event: 'endpoint-overlap',
    overlap: { region: 'eu-central-1', endpoint: { id: ENDPOINT.id, name: 'office' }, entry: 2, others: [1] },
  },
  'unmatched-entries': {
    event: 'unmatched-entries',
    entries: [{ policy: 'daily', selector: 'match', entry: 'tag:env=prd' }],
    added: [{ policy: 'daily', selector: 'match', entry: 'tag:env=prd' }],
  },
  'selection-changed': { event: 'selection-changed', endpoint: ENDPOINT, policies: ['daily'], at: NOON },
  'tags-unread': { event: 'tags-unread', region: 'eu-central-1', message: 'denied', nameless: 'denied' },
  'discovery-failed': {
    event: 'discovery-failed',
    region: 'eu-central-1',
    message: 'throttled',
    nameless: 'throttled',
  },
  'permission-missing': {
    event: 'permission-missing',
    endpoint: ENDPOINT,
    action: 'ec2:TerminateClientVpnConnections',
  },
  'permission-granted': {
    event: 'permission-granted',
    endpoint: ENDPOINT,
    action: 'ec2:TerminateClientVpnConnections',
  },
  polled: {
    event: 'polled',
    snapshot: { endpointId: ENDPOINT.id, begunAt: NOON, completedAt: NOON + 300, connections: [alice] },
    ...on,
  },
  'poll-failed': {
    event: 'poll-failed',
    code: 'throttled',
    message: 'AWS throttles',
    nameless: 'AWS throttles',
    durationMs: 12,
    failures: 1,
    blind: false,
    retryAt: NOON,
    ...on,
  },
  blind: { event: 'blind', because: 'AWS throttles', nameless: 'AWS throttles', ...on },
  'poll-skipped': { event: 'poll-skipped', endpoint: ENDPOINT, reason: 'backing-off' },
  'unknown-status': { event: 'unknown-status', endpoint: ENDPOINT, status: 'hibernating' },
  'unread-value': { event: 'unread-value', endpoint: ENDPOINT, field: 'connectionEstablishedTime', value: 'yesterday' },
  'near-miss': {
    event: 'near-miss',
    endpoint: ENDPOINT,
    nearMiss: { policy: daily, list: 'match', entry: 'CORP\\alice', until: NEVER, users: 3, example: alice },
  },
  'more-near-misses': { event: 'more-near-misses', endpoint: ENDPOINT, policy: daily, list: 'match', entries: 292 },
  decided: {
    event: 'decided',
    endpoint: ENDPOINT,
    next: { at: NOON, because: 'a verdict or a warning changes' },
    held: new Set(),
    decisions: {
      now: NOON,
      active: 1,
      protectedConnections: 0,
      violating: [],
      unknown: new Map(),
      nearMisses: new Map(),
      foreseen: [],
      wakeAt: NOON,
      confirmAt: NOON,
    },
  },
  violation: { event: 'violation', violation: VIOLATION, mode: 'enforce', repeats: 0, ...on },
  warning: { event: 'warning', violation: VIOLATION, leadMs: 300_000, endsAt: NOON, ...on },
  extended: { event: 'extended', violation: VIOLATION, ordinal: 1, byMs: 3_600_000, endsAt: NOON + 3_600_000, ...on },
  'extension-refused': {
    event: 'extension-refused',
    right: {
      region: ENDPOINT.region,
      endpointId: ENDPOINT.id,
      connectionId: VIOLATION.connectionId,
      policy: 'daily',
      ordinal: 1,
      endsAt: NOON,
    },
    why: 'too-late',
    at: NOON,
  },
  held: { event: 'held', policy: 'daily', endsNow: 1, endsLater: 2, active: 3, examples: [VIOLATION], ...on },
  released: { event: 'released', policy: 'daily', since: NOON, ...on },
  'call-answered': {
    event: 'call-answered',
    call,
    outcome: 'accepted',
    message: undefined,
    nameless: undefined,
    requestId: 'request-1',
    ...on,
  },
  accepted: { event: 'accepted', violation: VIOLATION, established: NOON, ...on },
  'also-ended': { event: 'also-ended', violation: VIOLATION, callId: 'x-1', requestId: 'request-1', ...on },
  'call-withdrawn': { event: 'call-withdrawn', call, why: 'not-wanted', ...on },
  termination: {
    event: 'termination',
    violation: VIOLATION,
    outcome: 'confirmed',
    attempts: 1,
    callId: 'x-1',
    selector: 'connection-id',
    leftAt: NOON,
    requestId: 'request-1',
    repeats: 0,
    ...on,
  },
  reconnected: { event: 'reconnected', connection: alice, policy: 'daily', count: 1, ...on },
  queue: { event: 'queue', region: 'eu-central-1', account: '111122223333', length: 2, etaSeconds: 1 },
  unwritable: { event: 'unwritable', what: 'audit', message: 'the disk is full (ENOSPC)' },
  writable: { event: 'writable', what: 'audit' },
  'state-set-aside': { event: 'state-set-aside', file: './data/state.json.unreadable', why: 'it is not JSON' },
  'calls-dropped': {
    event: 'calls-dropped',
    calls: [{ what: 'cooldown', policy: 'daily', principal: 'user:alice' }],
  },
  'lock-lost': { event: 'lock-lost' },
  'audit-records-lost': { event: 'audit-records-lost', records: 3 },
  'clock-skew': { event: 'clock-skew', skewMs: 6000, warned: true, apart: false },
}
