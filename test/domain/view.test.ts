import { describe, expect, it } from 'vitest'
import {
  CLOCK_NOT_CONFIRMED,
  type EndpointView,
  nextView,
  type Sighting,
  tooOldAt,
} from '../../src/domain/judge/view.ts'
import type { Snapshot } from '../../src/domain/snapshot.ts'
import { type Instant, MINUTE, NEVER, SECOND, toText } from '../../src/domain/time/instant.ts'
import { connection, ENDPOINT, NOON } from './build.ts'

const STALE_AFTER = 15 * MINUTE
const CONFIRM_AT = NOON + 5 * MINUTE

const snapshotOf = (begunAt: Instant): Snapshot => ({
  endpointId: ENDPOINT,
  begunAt,
  completedAt: begunAt + SECOND,
  connections: [connection()],
})
/** The snapshot that every state of the table holds, except `unseen`, `blind` without a snapshot, and `retired`. */
const OLD = snapshotOf(NOON)

const fresh: EndpointView = { state: 'fresh', snapshot: OLD, confirmAt: CONFIRM_AT }
const STATES = {
  unseen: { state: 'unseen' },
  fresh,
  'stale, read failed': { ...fresh, state: 'stale', why: 'read-failed', because: 'an earlier read failed' },
  'stale, to be confirmed': { ...fresh, state: 'stale', why: 'to-be-confirmed', because: 'to be confirmed' },
  blind: { state: 'blind', snapshot: OLD, because: 'an earlier reason' },
  'blind without a snapshot': { state: 'blind', snapshot: undefined, because: 'an earlier reason' },
  retired: { state: 'retired' },
} as const satisfies Record<string, EndpointView>
type StateName = keyof typeof STATES

interface Seen {
  readonly sighting: Sighting
  readonly now: Instant
  readonly isClockTrusted?: boolean
}

const snapshot = (begunAt: Instant, now = begunAt, isClockTrusted = true): Seen => ({
  sighting: { what: 'snapshot', snapshot: snapshotOf(begunAt) },
  now,
  isClockTrusted,
})
const failure = (now: Instant, isClockTrusted = true): Seen => ({
  sighting: { what: 'failure', because: 'the read failed' },
  now,
  isClockTrusted,
})
const time = (now: Instant, isClockTrusted = true): Seen => ({ sighting: { what: 'time' }, now, isClockTrusted })

const BEGUN = NOON + 6 * MINUTE
const TOO_OLD = 'the last snapshot is too old'
const AHEAD = 'the last snapshot is dated in the future: a clock was set back'
const CONFIRM = 'a newer snapshot has to confirm its counters and statuses'

/** The same text for all states. */
const always = (text: string) => ({
  unseen: text,
  fresh: text,
  'stale, read failed': text,
  'stale, to be confirmed': text,
  blind: text,
  'blind without a snapshot': text,
})

/**
 * The next state after each sighting, by the state before: `state snapshot, confirmAt, why, because`, without what the
 * state does not have. Every row leaves `retired` as it is.
 */
const TABLE: ReadonlyArray<readonly [string, Seen, Readonly<Record<Exclude<StateName, 'retired'>, string>>]> = [
  ['a snapshot begun after confirmAt', snapshot(BEGUN), always('fresh new, confirm never')],
  ['a snapshot begun at confirmAt', snapshot(CONFIRM_AT), always('fresh new, confirm never')],
  [
    'a snapshot begun before confirmAt that arrives before confirmAt',
    snapshot(CONFIRM_AT - 1),
    {
      ...always('fresh new, confirm 12:05'),
      unseen: 'fresh new, confirm never',
      blind: 'fresh new, confirm never',
      'blind without a snapshot': 'fresh new, confirm never',
    },
  ],
  [
    'a snapshot begun before confirmAt that arrives at confirmAt',
    snapshot(CONFIRM_AT - 1, CONFIRM_AT),
    {
      ...always(`stale new, confirm 12:05, to-be-confirmed, ${CONFIRM}`),
      unseen: 'fresh new, confirm never',
      blind: 'fresh new, confirm never',
      'blind without a snapshot': 'fresh new, confirm never',
    },
  ],
  ['a snapshot as old as allowed', snapshot(BEGUN, BEGUN + STALE_AFTER), always('fresh new, confirm never')],
  ['a snapshot that is too old', snapshot(BEGUN, BEGUN + STALE_AFTER + 1), always(`blind new, ${TOO_OLD}`)],
  ['a snapshot as far ahead as allowed', snapshot(BEGUN, BEGUN - MINUTE), always('fresh new, confirm never')],
  ['a snapshot dated ahead', snapshot(BEGUN, BEGUN - MINUTE - 1), always(`blind new, ${AHEAD}`)],
  [
    'a snapshot while the clock is not trusted',
    snapshot(BEGUN, BEGUN, false),
    always(`blind new, ${CLOCK_NOT_CONFIRMED}`),
  ],
  [
    'a failure',
    failure(NOON + MINUTE),
    {
      ...always('stale old, confirm 12:05, read-failed, the read failed'),
      unseen: 'blind none, the read failed',
      blind: 'blind old, the read failed',
      'blind without a snapshot': 'blind none, the read failed',
    },
  ],
  [
    'a failure after confirmAt',
    failure(CONFIRM_AT + MINUTE),
    {
      ...always('stale old, confirm 12:05, read-failed, the read failed'),
      unseen: 'blind none, the read failed',
      blind: 'blind old, the read failed',
      'blind without a snapshot': 'blind none, the read failed',
    },
  ],
  [
    'a failure after staleAfter',
    failure(NOON + STALE_AFTER + 1),
    {
      ...always('blind old, the read failed'),
      unseen: 'blind none, the read failed',
      'blind without a snapshot': 'blind none, the read failed',
    },
  ],
  [
    'a failure while the clock is not trusted',
    failure(NOON + MINUTE, false),
    {
      ...always('blind old, the read failed'),
      unseen: 'blind none, the read failed',
      'blind without a snapshot': 'blind none, the read failed',
    },
  ],
  [
    'a failure after the clock was set back',
    failure(NOON - MINUTE - 1),
    {
      ...always('blind old, the read failed'),
      unseen: 'blind none, the read failed',
      'blind without a snapshot': 'blind none, the read failed',
    },
  ],
  [
    'the time before confirmAt',
    time(CONFIRM_AT - 1),
    {
      unseen: 'unseen',
      fresh: 'fresh old, confirm 12:05',
      'stale, read failed': 'stale old, confirm 12:05, read-failed, an earlier read failed',
      'stale, to be confirmed': 'stale old, confirm 12:05, to-be-confirmed, to be confirmed',
      blind: 'blind old, an earlier reason',
      'blind without a snapshot': 'blind none, an earlier reason',
    },
  ],
  ...(['the time at confirmAt', 'the time at the end of staleAfter'] as const).map((name, index) => {
    const after: (typeof TABLE)[number][2] = {
      unseen: 'unseen',
      fresh: `stale old, confirm 12:05, to-be-confirmed, ${CONFIRM}`,
      'stale, read failed': 'stale old, confirm 12:05, read-failed, an earlier read failed',
      'stale, to be confirmed': 'stale old, confirm 12:05, to-be-confirmed, to be confirmed',
      blind: 'blind old, an earlier reason',
      'blind without a snapshot': 'blind none, an earlier reason',
    }
    return [name, time(index === 0 ? CONFIRM_AT : NOON + STALE_AFTER), after] as const
  }),
  ...(
    [
      ['the time after staleAfter', time(NOON + STALE_AFTER + 1), TOO_OLD],
      ['the time while the clock is not trusted', time(NOON + MINUTE, false), CLOCK_NOT_CONFIRMED],
      ['the time after the clock was set back', time(NOON - MINUTE - 1), AHEAD],
    ] as const
  ).map(([name, seen, because]) => {
    const after: (typeof TABLE)[number][2] = {
      unseen: 'unseen',
      fresh: `blind old, ${because}`,
      // The failed read is the cause that an operator can act on.
      'stale, read failed': 'blind old, an earlier read failed',
      'stale, to be confirmed': `blind old, ${because}`,
      blind: 'blind old, an earlier reason',
      'blind without a snapshot': 'blind none, an earlier reason',
    }
    return [name, seen, after] as const
  }),
  ['retirement', { sighting: { what: 'retirement' }, now: NOON }, always('retired')],
]

const clock = (at: Instant) => (at === NEVER ? 'never' : toText(at).slice(11, 16))

const textOf = (view: EndpointView, sighting: Sighting): string => {
  if (view.state === 'unseen' || view.state === 'retired') return view.state
  const seen = sighting.what === 'snapshot' ? sighting.snapshot : undefined
  const shown = view.snapshot === undefined ? 'none' : view.snapshot === OLD ? 'old' : 'another'
  return [
    `${view.state} ${seen !== undefined && view.snapshot === seen ? 'new' : shown}`,
    ...('confirmAt' in view ? [`confirm ${clock(view.confirmAt)}`] : []),
    ...('why' in view ? [view.why] : []),
    ...('because' in view ? [view.because] : []),
  ].join(', ')
}

const after = (view: EndpointView, { sighting, now, isClockTrusted = true }: Seen) =>
  nextView(view, sighting, now, { staleAfterMs: STALE_AFTER, isClockTrusted })

describe.each(TABLE)('after %s', (_name, seen, expected) => {
  it.each(Object.entries(expected) as [keyof typeof expected, string][])('the view %s becomes %s', (before, text) => {
    expect(textOf(after(STATES[before], seen), seen.sighting)).toBe(text)
  })

  it('a retired view stays retired', () => {
    expect(after(STATES.retired, seen)).toEqual({ state: 'retired' })
  })
})

describe('a view', () => {
  it('is blind from the instant that tooOldAt names', () => {
    const at = tooOldAt(OLD, { staleAfterMs: STALE_AFTER })
    expect([at - 1, at].map((now) => after(STATES['stale, read failed'], time(now)).state)).toEqual(['stale', 'blind'])
  })

  it('stays blind until the next snapshot, even if the snapshot that it holds could be acted on again', () => {
    const untrusted = after(STATES.fresh, time(NOON + MINUTE, false))
    expect(after(untrusted, time(NOON + MINUTE))).toBe(untrusted)
    expect(after(untrusted, snapshot(NOON + 2 * MINUTE)).state).toBe('fresh')
  })
})
