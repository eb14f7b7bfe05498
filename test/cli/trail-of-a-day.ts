import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { openAuditTrail } from '../../src/adapters/audit/audit-trail.ts'
import type { AuditRecord } from '../../src/app/audit.ts'
import { HOUR, SECOND } from '../../src/domain/time/instant.ts'

/** The begin of the day. */
export const MORNING = Date.UTC(2026, 11, 1, 8)

const OFFICE = { endpointId: 'cvpn-endpoint-0123456789abcdef0', account: '111122223333', region: 'eu-central-1' }

const TEXTS = [
  '{"groups":{},"policies":[{"name":"daily"}]}',
  '{"groups":{},"policies":[{"name":"daily"},{"name":"leavers"}]}',
]
export const [BEFORE = '', AFTER = ''] = TEXTS.map((text) => createHash('sha256').update(text).digest('hex'))

const idOf = (digit: string) => `cvpn-connection-${digit.repeat(17)}`

type Violating = Omit<Extract<AuditRecord, { readonly event: 'would-end' }>, 'heldBy'>

const violation = (digit: string, username: string, more: Partial<Violating> = {}) => ({
  ...OFFICE,
  connectionId: idOf(digit),
  username,
  commonName: username,
  policy: 'daily',
  alsoBy: [],
  reason: 'session-age',
  because: 'connected since 2026-12-01T01:00:00Z, for 8h: at most 8h is allowed',
  since: MORNING + HOUR,
  deadline: MORNING + HOUR,
  ...more,
})

const ban = {
  policy: 'leavers',
  reason: 'banned',
  because: 'banned as "mallory"',
  alsoBy: ['daily'],
  deadline: undefined,
}

/** A day in the life of a trail, in which most things happen. */
const records = (): readonly AuditRecord[] => {
  let time = MORNING
  let policySetHash = BEFORE
  const now = (afterMs = SECOND) => {
    time += afterMs
    return { time, policySetHash }
  }
  const call = (id: string, selector: 'connection-id' | 'username' = 'connection-id') => ({ call: { id, selector } })
  const text = (index: number) => ({ event: 'policy-set', part: 1, parts: 1, text: TEXTS[index] ?? '' }) as const
  const carol = violation('c', 'carol@corp.example')
  const dave = violation('d', 'dave', { commonName: 'laptop-07' })
  const [one, two] = [violation('e', 'mallory', ban), violation('f', 'mallory', ban)]
  const formula = violation('1', '=HYPERLINK("https://example.com")', { commonName: undefined })
  const odd = violation('2', 'eve\n2026-12-01T12:00:21Z  alice: ended\n', { commonName: 'eve ' })
  const erin = violation('9', 'maximiliane.von-und-zu-hohenstein@subsidiary.corp.example')
  const late = {
    ...two,
    connectionId: idOf('0'),
    since: undefined,
    because:
      'ended by the same call: it was established after the snapshot, and every connection of this user violates the policy',
  }
  return [
    { ...now(), event: 'start', because: 'mode enforce, 1 policies, 1 endpoints' },
    { ...now(0), ...text(0) },
    {
      ...now(),
      ...violation('b', 'bob@corp.example', { policy: 'shorter-days' }),
      event: 'would-end',
      heldBy: undefined,
    },
    { ...now(), ...carol, event: 'warned', target: 'ops', lead: '15m', endsAt: MORNING + HOUR },
    { ...now(HOUR), ...carol, ...call('x-1'), event: 'intent' },
    { ...now(), ...dave, ...call('x-2'), event: 'intent' },
    { ...now(), ...carol, ...call('x-1'), requestId: 'request-1', event: 'outcome', outcome: 'confirmed' },
    { ...now(), ...dave, ...call('x-2'), requestId: 'request-2', event: 'outcome', outcome: 'failed' },
    { ...now(5000), ...dave, ...call('x-3'), event: 'intent' },
    { ...now(), ...dave, ...call('x-3'), requestId: 'request-3', event: 'gave-up', outcome: 'gave-up' },
    { ...now(), ...OFFICE, event: 'blind', because: 'no complete list for 2m: AWS throttles the requests' },
    {
      ...now(),
      ...carol,
      event: 'reconnected',
      connectionId: idOf('7'),
      because: 'reconnected once after a termination',
    },
    {
      ...now(HOUR),
      policySetHash: (policySetHash = AFTER),
      event: 'reload',
      because: 'mode enforce, 2 policies, 1 endpoints',
    },
    { ...now(0), ...text(1) },
    {
      ...now(),
      event: 'list-changed',
      policy: 'leavers',
      list: 'users',
      added: ['mallory', 'oscar', 'm\u0430llory'],
      removed: [],
    },
    {
      ...now(),
      ...OFFICE,
      event: 'held',
      policy: 'daily',
      because: 'would end 12 of 20 connections now, and 3 more within 24h',
    },
    { ...now(), ...one, ...call('x-4', 'username'), event: 'intent' },
    { ...now(0), ...two, ...call('x-4', 'username'), event: 'intent' },
    { ...now(), ...late, ...call('x-4', 'username'), requestId: 'request-4', event: 'outcome', outcome: 'accepted' },
    { ...now(), ...one, ...call('x-4', 'username'), requestId: 'request-4', event: 'outcome', outcome: 'confirmed' },
    {
      ...now(0),
      ...two,
      ...call('x-4', 'username'),
      requestId: 'request-4',
      event: 'outcome',
      outcome: 'already-gone',
    },
    { ...now(), ...OFFICE, event: 'released', policy: 'daily' },
    { ...now(HOUR), ...erin, ...call('x-5'), event: 'intent' },
    { ...now(HOUR), ...formula, ...call('x-6'), event: 'intent' },
    { ...now(), ...formula, ...call('x-6'), requestId: 'request-6', event: 'outcome', outcome: 'confirmed' },
    { ...now(), ...odd, ...call('x-7'), event: 'intent' },
    { ...now(HOUR), event: 'stop' },
  ]
}

/** Writes the trail into the folder `data`, which it rotates a few times. */
export const writeTrailOfADay = async (folder: string): Promise<string> => {
  const file = join(folder, 'data', 'audit.jsonl')
  const trail = await openAuditTrail({ file, rotateAtBytes: 4000 })
  for (const record of records()) await trail.write([record])
  await trail.close()
  return file
}
