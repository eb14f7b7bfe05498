import { endpointKey } from '../../../src/app/site.ts'
import type { State } from '../../../src/app/state.ts'
import { NO_GUARD_MEMORY } from '../../../src/domain/guard/guard.ts'

const VIOLATION = {
  connectionId: 'one',
  username: 'alice',
  commonName: undefined,
  policy: 'daily',
  reason: 'session-age',
  since: 1,
  deadline: undefined,
  because: 'too old',
  alsoBy: ['nights'],
}
/** A termination whose call was answered. */
export const answered = (connectionId: string) => ({
  violation: { ...VIOLATION, connectionId },
  attempts: 1,
  callId: 'x-1',
  selector: 'connection-id' as const,
  leftAt: 7,
  answeredAt: 8,
  requestId: 'request-1',
})
const [BEFORE, AFTER] = [
  { hash: 'a', set: 'set-1' },
  { hash: 'b', set: 'set-2' },
]
/** A state with every part that a state can have. */
export const WHOLE_STATE: State = {
  policies: { daily: { hash: 'a', acts: true, changedAt: 1 } },
  policySets: { 'set-1': { policies: [{ name: 'daily' }], protect: undefined }, 'set-2': null },
  policySetHash: 'set-1',
  endpoints: {
    [endpointKey('eu-central-1', 'cvpn-endpoint-0123456789abcdef0')]: {
      watchedSince: 6,
      watchedUntil: 8,
      firstSeen: { one: 1 },
      countersMovedAt: null,
      notes: { idle: { one: { at: 1, bytes: 2 } } },
      graceStarted: { daily: { one: 3 } },
      terminated: { daily: { 'user:alice': 4 } },
      warned: { daily: { one: 300_000 } },
      extended: { one: { daily: { granted: 1, until: 9 } } },
      guard: {
        limits: { maxPercent: 50, minConnections: 10, lookAheadMs: 0 },
        standings: {
          daily: { state: 'held', version: AFTER, before: BEFORE, since: 5, counted: 40, of: 60 },
          hasty: { state: 'held', version: AFTER, before: undefined, since: 5, counted: 11, of: 20 },
          closing: { state: 'in-force', version: AFTER, comparedAt: 5 },
          posture: { state: 'audit', version: AFTER },
          old: { state: 'gone', wasHeld: true, version: BEFORE, goneAt: 5 },
        },
        counted: [
          { policy: 'daily', connectionId: 'one', principal: 'alice', at: 5, isArrival: true },
          { policy: 'daily', connectionId: 'two', principal: undefined, at: 5, isArrival: false },
        ],
        trial: {
          set: 'set-1',
          policies: ['daily'],
          facts: { name: undefined, tags: { env: 'dev' } },
          until: 6,
          accepted: { leavers: BEFORE },
          most: 60,
          next: { set: 'set-2', policies: [], facts: undefined, until: 9, accepted: undefined, most: 50 },
        },
      },
      // The other endpoint has none, as in the state of an earlier version.
      facts: { name: 'berlin', tags: { env: 'prod', empty: '' }, reselectedAt: { daily: 7 } },
      terminations: [
        { ...answered('one'), state: 'unproven', absences: 1 },
        { ...answered('two'), state: 'lingering', absences: 0 },
        { ...answered('three'), state: 'reported-gone', heard: 'never' },
        { ...answered('four'), state: 'waiting', heard: 'unread', absences: 0, tryAgainAt: 9 },
        { ...answered('five'), requestId: undefined, state: 'given-up', heard: 'read', absences: 0, tryAgainAt: 9 },
      ],
    },
    [endpointKey('eu-central-1', 'cvpn-endpoint-0123456789abcdef1')]: {
      watchedSince: 6,
      firstSeen: {},
      countersMovedAt: 2,
      notes: {},
      graceStarted: {},
      terminated: {},
      warned: {},
      extended: {},
      guard: NO_GUARD_MEMORY,
      terminations: [],
    },
  },
}
