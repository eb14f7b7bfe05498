import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Violation } from '../../src/domain/judge/violation.ts'
import {
  type Happening,
  isOpen,
  mayLeave,
  mayPlan,
  type Outcome,
  restarted,
  retryRule,
  step,
  type Termination,
} from '../../src/domain/terminate/termination.ts'
import { HOUR, type Instant, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { slowRuns } from '../fuzz-runs.ts'
import { NOON, RETRY, VIOLATION } from './build.ts'

type In<State extends Termination['state']> = Extract<Termination, { readonly state: State }>
type Recording = In<'recording'>
type InFlight = In<'in-flight'>
type Unproven = In<'unproven'>
type Lingering = In<'lingering'>
type ReportedGone = In<'reported-gone'>
type Waiting = In<'waiting'>
type GivenUp = In<'given-up'>
type Confirmed = In<'confirmed'>

const OTHER_VIOLATION: Violation = { ...VIOLATION, policy: 'other' }

const LEFT_AT = NOON
const ANSWERED_AT = NOON + SECOND
/** When everything but a snapshot happens. */
const NOW = NOON + 10 * SECOND

/** How long after the answer a snapshot is begun. Each takes 100 ms. */
const BEGUN_AFTER = {
  'with the answer': 0,
  'just after the answer': 1,
  'once EC2 has settled': 2 * SECOND,
  'after verifyWithin': MINUTE,
  'after verifyWithin for every attempt': 3 * MINUTE,
} as const
const readAt = (begunAfterMs: number): Instant => ANSWERED_AT + begunAfterMs + 100
const [READ_SETTLED, READ_IN_TIME, READ_LATE] = [readAt(2 * SECOND), readAt(MINUTE), readAt(3 * MINUTE)] as const

/** The first call for the connection, answered. */
const FIRST_CALL = {
  violation: VIOLATION,
  attempts: 1,
  callId: 'call-1',
  selector: 'connection-id',
  leftAt: LEFT_AT,
  answeredAt: ANSWERED_AT,
  requestId: undefined,
} as const
const ACCEPTED_CALL = { ...FIRST_CALL, requestId: 'request-1' } as const

const UNPROVEN: Unproven = { ...ACCEPTED_CALL, state: 'unproven', absences: 0 }
const LINGERING: Lingering = { ...ACCEPTED_CALL, state: 'lingering', absences: 0 }
const REPORTED_GONE: ReportedGone = { ...FIRST_CALL, state: 'reported-gone', heard: 'never' }
const WAITING: Waiting = {
  ...FIRST_CALL,
  state: 'waiting',
  heard: 'never',
  absences: 0,
  tryAgainAt: ANSWERED_AT + 5 * SECOND,
}
const GIVEN_UP: GivenUp = {
  ...ACCEPTED_CALL,
  state: 'given-up',
  attempts: 3,
  heard: 'read',
  absences: 0,
  tryAgainAt: ANSWERED_AT + 5 * MINUTE,
}
/** The second call, for a connection whose first one AWS accepted without effect. */
const SECOND_CALL = {
  violation: VIOLATION,
  attempts: 2,
  callId: 'call-2',
  selector: 'connection-id',
  heard: 'read',
  before: { ...WAITING, heard: 'read' },
} as const
const RECORDING: Recording = { ...SECOND_CALL, state: 'recording', takenAt: NOON }
const IN_FLIGHT: InFlight = { ...SECOND_CALL, state: 'in-flight', leftAt: LEFT_AT }

/** A lookup has confirmed the first call. */
const CONFIRMED: Confirmed = {
  violation: VIOLATION,
  attempts: 1,
  callId: 'call-1',
  selector: 'connection-id',
  state: 'confirmed',
  confirmedAt: ANSWERED_AT + 1,
}

/** What becomes of a termination, and the outcomes that are reported, in order. */
interface Cell {
  readonly next: Termination | undefined | 'same'
  readonly reports: readonly Outcome[]
}

/** Nothing changes and nothing is reported. */
const SAME: Cell = { next: 'same', reports: [] }
const to = (next: Termination, ...reports: readonly Outcome[]): Cell => ({ next, reports })
const over = (...reports: readonly Outcome[]): Cell => ({ next: undefined, reports })

/** What a snapshot may show of the connection. */
const STATUSES = {
  absent: undefined,
  active: 'active',
  terminating: 'terminating',
  terminated: 'terminated',
  'failed-to-terminate': 'failed-to-terminate',
} as const

/** One cell for each instant of BEGUN_AFTER. */
type SeenCells = readonly [Cell, Cell, Cell, Cell, Cell]

type Cells = Readonly<Record<Exclude<Happening['what'], 'seen'>, Cell>> & {
  readonly seen: Readonly<Record<keyof typeof STATUSES, SeenCells>>
}

const HAPPENINGS: { readonly [What in Exclude<Happening['what'], 'seen'>]: Extract<Happening, { what: What }> } = {
  taken: { what: 'taken', violation: OTHER_VIOLATION, callId: 'call-3', selector: 'username' },
  left: { what: 'left' },
  accepted: { what: 'accepted', requestId: 'request-2' },
  unanswered: { what: 'unanswered' },
  'not-found': { what: 'not-found' },
  refused: { what: 'refused' },
  uncounted: { what: 'uncounted' },
  unwanted: { what: 'unwanted' },
  distrusted: { what: 'distrusted' },
  restarted: { what: 'restarted' },
}

/** The call that `taken` records: the third one, under another policy. */
const THIRD_CALL = {
  state: 'recording',
  violation: OTHER_VIOLATION,
  callId: 'call-3',
  selector: 'username',
  takenAt: NOW,
} as const

/** No call is out: an answer, or the end of a call, belongs to no state but those of a call. */
const NO_CALL_IS_OUT = {
  left: SAME,
  accepted: SAME,
  unanswered: SAME,
  'not-found': SAME,
  refused: SAME,
  uncounted: SAME,
} as const

const NEVER_CHANGES: SeenCells = [SAME, SAME, SAME, SAME, SAME]
/** A snapshot says nothing while a call is out. */
const SEEN_CHANGES_NOTHING: Cells['seen'] = {
  absent: NEVER_CHANGES,
  active: NEVER_CHANGES,
  terminating: NEVER_CHANGES,
  terminated: NEVER_CHANGES,
  'failed-to-terminate': NEVER_CHANGES,
}

/** The snapshot was not begun after the answer, or it was: then the cell is the same whenever that was. */
const onceAfterTheAnswer = (cell: Cell): SeenCells => [SAME, cell, cell, cell, cell]

/** The second call as the next process continues it: the last one does not know whether AWS received the call. */
const PERHAPS_HEARD: Waiting = {
  ...FIRST_CALL,
  state: 'waiting',
  attempts: 2,
  callId: 'call-2',
  answeredAt: LEFT_AT,
  heard: 'unread',
  absences: 0,
  tryAgainAt: LEFT_AT,
}

/** The second call, answered at NOW. */
const SECOND_ANSWERED = { ...FIRST_CALL, attempts: 2, callId: 'call-2', answeredAt: NOW } as const

/** The accepted call had no effect in time: it may be repeated. */
const tryAgain = (tryAgainAt: Instant): Cell =>
  to({ ...ACCEPTED_CALL, state: 'waiting', heard: 'read', absences: 0, tryAgainAt })

/** AWS reported the connection as gone, and a snapshot still shows it much later. */
const notGone = (tryAgainAt: Instant): Cell =>
  to({ ...FIRST_CALL, state: 'waiting', heard: 'never', absences: 0, tryAgainAt })

/** AWS stopped terminating the connection after `gave-up` was reported. */
const stillUp = (tryAgainAt: Instant): Cell =>
  to({ ...ACCEPTED_CALL, state: 'given-up', heard: 'read', absences: 0, tryAgainAt })

const TABLE = {
  none: {
    of: undefined,
    cells: {
      ...NO_CALL_IS_OUT,
      taken: to({ ...THIRD_CALL, attempts: 1, heard: 'never', before: undefined }),
      unwanted: SAME,
      distrusted: SAME,
      restarted: SAME,
      seen: SEEN_CHANGES_NOTHING,
    },
  },

  recording: {
    of: RECORDING,
    cells: {
      taken: SAME,
      left: to({ ...SECOND_CALL, state: 'in-flight', leftAt: NOW }),
      accepted: SAME,
      unanswered: SAME,
      'not-found': SAME,
      refused: SAME,
      uncounted: to({ ...WAITING, heard: 'read' }),
      unwanted: SAME,
      distrusted: SAME,
      restarted: to(PERHAPS_HEARD),
      seen: SEEN_CHANGES_NOTHING,
    },
  },

  'in-flight': {
    of: IN_FLIGHT,
    cells: {
      taken: SAME,
      left: SAME,
      accepted: to({ ...SECOND_ANSWERED, state: 'unproven', requestId: 'request-2', absences: 0 }),
      unanswered: to({ ...SECOND_ANSWERED, state: 'unproven', absences: 0 }),
      'not-found': to({ ...SECOND_ANSWERED, state: 'reported-gone', heard: 'read' }),
      refused: to(
        { ...SECOND_ANSWERED, state: 'waiting', heard: 'read', absences: 0, tryAgainAt: NOW + 10 * SECOND },
        'failed',
      ),
      uncounted: to({ ...WAITING, heard: 'read' }),
      unwanted: SAME,
      distrusted: SAME,
      restarted: to(PERHAPS_HEARD),
      seen: SEEN_CHANGES_NOTHING,
    },
  },

  unproven: {
    of: UNPROVEN,
    cells: {
      ...NO_CALL_IS_OUT,
      taken: SAME,
      unwanted: SAME,
      distrusted: SAME,
      restarted: SAME,
      seen: {
        absent: onceAfterTheAnswer(to({ ...UNPROVEN, absences: 1 })),
        active: [SAME, SAME, SAME, tryAgain(READ_IN_TIME + 5 * SECOND), tryAgain(READ_LATE + 5 * SECOND)],
        terminating: [SAME, SAME, SAME, SAME, to(LINGERING, 'gave-up')],
        terminated: onceAfterTheAnswer(over('confirmed')),
        'failed-to-terminate': [
          SAME,
          SAME,
          tryAgain(READ_SETTLED + 5 * SECOND),
          tryAgain(READ_IN_TIME + 5 * SECOND),
          tryAgain(READ_LATE + 5 * SECOND),
        ],
      },
    },
  },

  lingering: {
    of: LINGERING,
    cells: {
      ...NO_CALL_IS_OUT,
      taken: SAME,
      unwanted: SAME,
      distrusted: SAME,
      restarted: SAME,
      seen: {
        absent: onceAfterTheAnswer(to({ ...LINGERING, absences: 1 })),
        active: [SAME, SAME, SAME, stillUp(READ_IN_TIME + 5 * SECOND), stillUp(READ_LATE + 5 * SECOND)],
        terminating: NEVER_CHANGES,
        terminated: onceAfterTheAnswer(over('confirmed')),
        'failed-to-terminate': [
          SAME,
          SAME,
          stillUp(READ_SETTLED + 5 * SECOND),
          stillUp(READ_IN_TIME + 5 * SECOND),
          stillUp(READ_LATE + 5 * SECOND),
        ],
      },
    },
  },

  'reported-gone': {
    of: REPORTED_GONE,
    cells: {
      ...NO_CALL_IS_OUT,
      taken: SAME,
      unwanted: SAME,
      distrusted: SAME,
      restarted: SAME,
      seen: {
        absent: onceAfterTheAnswer(over('already-gone')),
        active: [SAME, SAME, SAME, notGone(READ_IN_TIME + 5 * SECOND), notGone(READ_LATE + 5 * SECOND)],
        terminating: [SAME, SAME, SAME, notGone(READ_IN_TIME + 5 * SECOND), notGone(READ_LATE + 5 * SECOND)],
        terminated: onceAfterTheAnswer(over('already-gone')),
        'failed-to-terminate': [SAME, SAME, SAME, notGone(READ_IN_TIME + 5 * SECOND), notGone(READ_LATE + 5 * SECOND)],
      },
    },
  },

  waiting: {
    of: WAITING,
    cells: {
      ...NO_CALL_IS_OUT,
      taken: to({ ...THIRD_CALL, attempts: 2, heard: 'never', before: WAITING }),
      unwanted: over(),
      distrusted: SAME,
      restarted: SAME,
      seen: {
        absent: onceAfterTheAnswer(to({ ...WAITING, absences: 1 })),
        active: NEVER_CHANGES,
        // No call was accepted: AWS terminates the connection for another reason.
        terminating: NEVER_CHANGES,
        terminated: onceAfterTheAnswer(over('already-gone')),
        'failed-to-terminate': NEVER_CHANGES,
      },
    },
  },

  'given-up': {
    of: GIVEN_UP,
    cells: {
      ...NO_CALL_IS_OUT,
      taken: to({ ...THIRD_CALL, attempts: 1, heard: 'read', before: GIVEN_UP }),
      unwanted: over(),
      distrusted: SAME,
      restarted: SAME,
      seen: {
        absent: onceAfterTheAnswer(to({ ...GIVEN_UP, absences: 1 })),
        active: NEVER_CHANGES,
        terminating: onceAfterTheAnswer(to({ ...LINGERING, attempts: 3 })),
        terminated: onceAfterTheAnswer(over('confirmed')),
        'failed-to-terminate': NEVER_CHANGES,
      },
    },
  },

  confirmed: {
    of: CONFIRMED,
    cells: {
      ...NO_CALL_IS_OUT,
      taken: SAME,
      unwanted: SAME,
      distrusted: SAME,
      restarted: over(),
      // Whatever a list begun after the proof shows: the judge finds a connection that is up after all as any other.
      seen: {
        absent: [SAME, SAME, over(), over(), over()],
        active: [SAME, SAME, over(), over(), over()],
        terminating: [SAME, SAME, over(), over(), over()],
        terminated: [SAME, SAME, over(), over(), over()],
        'failed-to-terminate': [SAME, SAME, over(), over(), over()],
      },
    },
  },
} as const satisfies Record<
  Termination['state'] | 'none',
  { readonly of: Termination | undefined; readonly cells: Cells }
>

/** The same states with another past. Only the cells that differ from those of TABLE because of it. */
const VARIANTS: ReadonlyArray<{
  readonly name: string
  readonly of: Termination
  readonly cells: Partial<Omit<Cells, 'seen'>> & { readonly seen?: Partial<Cells['seen']> }
}> = [
  {
    name: 'the first call, recording',
    of: { ...RECORDING, attempts: 1, heard: 'never', before: undefined },
    cells: { uncounted: over() },
  },
  {
    name: 'the first call, in flight',
    of: { ...IN_FLIGHT, attempts: 1, heard: 'never', before: undefined },
    cells: { uncounted: over() },
  },
  {
    name: 'the last attempt, in flight',
    of: { ...IN_FLIGHT, attempts: 3 },
    cells: {
      refused: to(
        {
          ...SECOND_ANSWERED,
          attempts: 3,
          state: 'given-up',
          heard: 'read',
          absences: 0,
          tryAgainAt: NOW + 5 * MINUTE,
        },
        'failed',
        'gave-up',
      ),
    },
  },
  {
    name: 'the last attempt, unproven',
    of: { ...UNPROVEN, attempts: 3 },
    cells: {
      seen: {
        active: [
          SAME,
          SAME,
          SAME,
          to({ ...GIVEN_UP, tryAgainAt: READ_IN_TIME + 5 * MINUTE }, 'gave-up'),
          to({ ...GIVEN_UP, tryAgainAt: READ_LATE + 5 * MINUTE }, 'gave-up'),
        ],
        terminating: [SAME, SAME, SAME, SAME, to({ ...LINGERING, attempts: 3 }, 'gave-up')],
        'failed-to-terminate': [
          SAME,
          SAME,
          to({ ...GIVEN_UP, tryAgainAt: READ_SETTLED + 5 * MINUTE }, 'gave-up'),
          to({ ...GIVEN_UP, tryAgainAt: READ_IN_TIME + 5 * MINUTE }, 'gave-up'),
          to({ ...GIVEN_UP, tryAgainAt: READ_LATE + 5 * MINUTE }, 'gave-up'),
        ],
      },
    },
  },
  {
    name: 'unproven, and absent from the last snapshot',
    of: { ...UNPROVEN, absences: 1 },
    cells: {
      seen: {
        absent: onceAfterTheAnswer(over('confirmed')),
        active: [
          to(UNPROVEN),
          to(UNPROVEN),
          to(UNPROVEN),
          tryAgain(READ_IN_TIME + 5 * SECOND),
          tryAgain(READ_LATE + 5 * SECOND),
        ],
        terminating: [to(UNPROVEN), to(UNPROVEN), to(UNPROVEN), to(UNPROVEN), to(LINGERING, 'gave-up')],
      },
    },
  },
  {
    name: 'the last attempt, lingering',
    of: { ...LINGERING, attempts: 3 },
    cells: {
      seen: {
        active: [
          SAME,
          SAME,
          SAME,
          to({ ...GIVEN_UP, tryAgainAt: READ_IN_TIME + 5 * MINUTE }, 'gave-up'),
          to({ ...GIVEN_UP, tryAgainAt: READ_LATE + 5 * MINUTE }, 'gave-up'),
        ],
      },
    },
  },
  {
    name: 'lingering, and absent from the last snapshot',
    of: { ...LINGERING, absences: 1 },
    cells: {
      seen: {
        absent: onceAfterTheAnswer(over('confirmed')),
        terminating: [to(LINGERING), to(LINGERING), to(LINGERING), to(LINGERING), to(LINGERING)],
      },
    },
  },
  ...(['unread', 'read'] as const).map((heard) => ({
    name: `reported gone, after a call that may have been heard: ${heard}`,
    of: { ...REPORTED_GONE, heard },
    cells: {
      seen: {
        absent: onceAfterTheAnswer(over('confirmed')),
        terminated: onceAfterTheAnswer(over('confirmed')),
      },
    },
  })),
  {
    name: 'the last attempt, reported gone',
    of: { ...REPORTED_GONE, attempts: 3 },
    cells: {
      seen: {
        active: [
          SAME,
          SAME,
          SAME,
          to({ ...GIVEN_UP, requestId: undefined, heard: 'never', tryAgainAt: READ_IN_TIME + 5 * MINUTE }, 'gave-up'),
          to({ ...GIVEN_UP, requestId: undefined, heard: 'never', tryAgainAt: READ_LATE + 5 * MINUTE }, 'gave-up'),
        ],
      },
    },
  },
  {
    name: 'waiting after a call that AWS accepted',
    of: { ...WAITING, heard: 'read' },
    cells: {
      taken: to({ ...THIRD_CALL, attempts: 2, heard: 'read', before: { ...WAITING, heard: 'read' } }),
      unwanted: over(),
      seen: {
        terminating: [
          SAME,
          to({ ...UNPROVEN, requestId: undefined }),
          to({ ...UNPROVEN, requestId: undefined }),
          to({ ...UNPROVEN, requestId: undefined }),
          to({ ...LINGERING, requestId: undefined }, 'gave-up'),
        ],
        terminated: onceAfterTheAnswer(over('confirmed')),
      },
    },
  },
  {
    name: 'waiting after a restart, until a snapshot is read',
    of: { ...WAITING, heard: 'unread' },
    cells: {
      taken: to({ ...THIRD_CALL, attempts: 2, heard: 'unread', before: { ...WAITING, heard: 'unread' } }),
      unwanted: SAME,
      distrusted: SAME,
      restarted: SAME,
      seen: {
        absent: onceAfterTheAnswer(to({ ...WAITING, heard: 'unread', absences: 1 })),
        active: onceAfterTheAnswer(to({ ...WAITING, heard: 'read' })),
        terminated: onceAfterTheAnswer(over('confirmed')),
        'failed-to-terminate': onceAfterTheAnswer(to({ ...WAITING, heard: 'read' })),
      },
    },
  },
  {
    name: 'waiting, and absent from the last snapshot',
    of: { ...WAITING, absences: 1 },
    cells: {
      // The plan that takes the call shows the connection.
      taken: to({ ...THIRD_CALL, attempts: 2, heard: 'never', before: WAITING }),
      unwanted: SAME,
      distrusted: to(WAITING),
      seen: {
        absent: onceAfterTheAnswer(over('already-gone')),
        active: [to(WAITING), to(WAITING), to(WAITING), to(WAITING), to(WAITING)],
        terminating: [to(WAITING), to(WAITING), to(WAITING), to(WAITING), to(WAITING)],
      },
    },
  },
  {
    name: 'given up, and absent from the last snapshot',
    of: { ...GIVEN_UP, absences: 1 },
    cells: {
      taken: to({ ...THIRD_CALL, attempts: 1, heard: 'read', before: GIVEN_UP }),
      unwanted: SAME,
      distrusted: to(GIVEN_UP),
      seen: { absent: onceAfterTheAnswer(over('confirmed')) },
    },
  },
  {
    name: 'given up, and no call was ever accepted',
    of: { ...GIVEN_UP, heard: 'never' },
    cells: {
      unwanted: over(),
      seen: { terminating: NEVER_CHANGES, terminated: onceAfterTheAnswer(over('already-gone')) },
    },
  },
]

/** A step and what it must give. A report always names the call that the termination was about before the step. */
interface Case {
  readonly name: string
  readonly of: Termination | undefined
  readonly happening: Happening
  readonly now: Instant
  readonly cell: Cell
}

const casesOf = (row: string, of: Termination | undefined, cells: (typeof VARIANTS)[number]['cells']) => {
  const { seen = {}, ...others } = cells
  const cases: Case[] = Object.entries(others).map(([what, cell]) => {
    const happening = HAPPENINGS[what as keyof typeof HAPPENINGS]
    return { name: `${row}: ${what}`, of, happening, now: NOW, cell }
  })
  for (const [status, byMoment] of Object.entries(seen)) {
    for (const [index, [moment, afterMs]] of Object.entries(BEGUN_AFTER).entries()) {
      const cell = byMoment[index]
      if (cell === undefined) throw new Error(`no cell for ${status} ${moment}`)
      const begunAt = ANSWERED_AT + afterMs
      const happening = {
        what: 'seen',
        by: 'list',
        status: STATUSES[status as keyof typeof STATUSES],
        begunAt,
      } as const
      const name = `${row}: seen as ${status} by a snapshot begun ${moment}`
      cases.push({ name, of, happening, now: readAt(afterMs), cell })
    }
  }
  return cases
}

const ALL = [
  ...Object.entries(TABLE).flatMap(([state, { of, cells }]) => casesOf(state, of, cells)),
  ...VARIANTS.flatMap(({ name, of, cells }) => casesOf(name, of, cells)),
]

describe('step', () => {
  it.each(ALL)('$name', ({ of, happening, now, cell: { next, reports } }) => {
    const found = step(of, happening, now, RETRY)
    expect(found.next).toEqual(next === 'same' ? of : next)
    const about = of && {
      violation: of.violation,
      attempts: of.attempts,
      callId: of.callId,
      selector: of.selector,
      leftAt: 'leftAt' in of ? of.leftAt : undefined,
      requestId: 'requestId' in of ? of.requestId : undefined,
    }
    expect(found.reports).toEqual(reports.map((outcome) => ({ ...about, outcome })))
  })
})

describe('step, by a lookup', () => {
  it.each(ALL.filter(({ happening }) => happening.what === 'seen'))(
    '$name: reports the same as by a list',
    ({ of, happening, now }) => {
      const byList = step(of, happening, now, RETRY)
      const byLookup = step(of, { ...happening, by: 'lookup' } as Happening, now, RETRY)
      expect(byLookup.reports).toEqual(byList.reports)
      if (of?.state === 'confirmed') expect(byLookup.next).toEqual(of)
      else if (byList.next !== undefined || of === undefined) expect(byLookup.next).toEqual(byList.next)
      else {
        const { violation, attempts, callId, selector } = of
        expect(byLookup.next).toEqual({ state: 'confirmed', violation, attempts, callId, selector, confirmedAt: now })
      }
    },
  )

  it('that is no longer believed leaves no absence', () => {
    expect(step({ ...UNPROVEN, absences: 1 }, { what: 'distrusted' }, NOW, RETRY)).toEqual({
      next: UNPROVEN,
      reports: [],
    })
  })

  it('is followed by a list also after the clock was set back', () => {
    const far = { ...CONFIRMED, confirmedAt: NOON + HOUR }
    const seen = (begunAt: Instant) => ({ what: 'seen', by: 'list', status: 'active', begunAt }) as const
    const { next } = step(far, seen(NOON), NOON + 100, RETRY)
    expect(next).toEqual({ ...CONFIRMED, confirmedAt: NOON + 100 })
    expect(step(next, seen(NOON + SECOND), NOON + 2 * SECOND, RETRY).next).toBeUndefined()
  })
})

describe('step, over all attempts', () => {
  it('pauses five seconds longer after each refused call, then five minutes', () => {
    const rule = retryRule({ attempts: 5, verifyWithinMs: MINUTE })
    const pauses: number[] = []
    let of: Termination | undefined
    let now = NOW
    for (let call = 1; call <= 6; call++) {
      const taken = { what: 'taken', violation: VIOLATION, callId: `call-${call}`, selector: 'connection-id' } as const
      for (const happening of [taken, { what: 'left' }, { what: 'refused' }] as const) {
        of = step(of, happening, now, rule).next
      }
      const again = of !== undefined && 'tryAgainAt' in of ? of.tryAgainAt : expect.fail(`${of?.state} is not retried`)
      pauses.push(again - now)
      now = again
    }
    expect(pauses).toEqual([5 * SECOND, 10 * SECOND, 15 * SECOND, 20 * SECOND, 5 * MINUTE, 5 * SECOND])
  })
})

describe('step, after the clock was set back', () => {
  const see = (of: Termination, begunAt: Instant) =>
    step(of, { what: 'seen', by: 'list', status: 'active', begunAt }, begunAt + 100, RETRY).next

  it('counts an answer that lies ahead as one of now, so that the next snapshot can prove something', () => {
    const begunAt = ANSWERED_AT - HOUR
    expect(see(UNPROVEN, begunAt)).toEqual({ ...UNPROVEN, answeredAt: begunAt + 100 })
    expect(see({ ...UNPROVEN, answeredAt: begunAt + 100 }, begunAt + MINUTE)).toEqual({
      ...UNPROVEN,
      answeredAt: begunAt + 100,
    })
  })

  it('moves the next attempt to five minutes from now at the latest', () => {
    const begunAt = ANSWERED_AT - HOUR
    expect(see(WAITING, begunAt)).toEqual({
      ...WAITING,
      answeredAt: begunAt + 100,
      tryAgainAt: begunAt + 100 + 5 * MINUTE,
    })
    const far = ANSWERED_AT + HOUR
    expect(see({ ...GIVEN_UP, tryAgainAt: far + 5 * MINUTE + 100 }, far)).toEqual({
      ...GIVEN_UP,
      tryAgainAt: far + 5 * MINUTE + 100,
    })
    expect(see({ ...GIVEN_UP, tryAgainAt: far + 5 * MINUTE + 101 }, far)).toEqual({
      ...GIVEN_UP,
      tryAgainAt: far + 5 * MINUTE + 100,
    })
  })

  it('does not move an attempt that is sooner', () => {
    const soon = { ...WAITING, tryAgainAt: ANSWERED_AT - HOUR + 5 * SECOND }
    expect(see(soon, ANSWERED_AT - HOUR)).toEqual({ ...soon, answeredAt: ANSWERED_AT - HOUR + 100 })
  })
})

describe('restarted', () => {
  it('gives the same for a call that was being recorded, from when the queue took it, as for one that was out', () => {
    expect(restarted(RECORDING)).toEqual(PERHAPS_HEARD)
    expect(restarted(IN_FLIGHT)).toEqual(PERHAPS_HEARD)
    const earlier = { ...PERHAPS_HEARD, leftAt: NOON - 1, answeredAt: NOON - 1, tryAgainAt: NOON - 1 }
    expect(restarted({ ...RECORDING, takenAt: NOON - 1 })).toEqual(earlier)
    expect(restarted({ ...IN_FLIGHT, leftAt: NOON - 1 })).toEqual(earlier)
  })
})

describe('what a state allows', () => {
  /** Whether a call may leave, whether a plan may count on one, and whether the outcome is still to come. */
  const ALLOWED = {
    none: [true, true, false],
    recording: [false, true, true],
    'in-flight': [false, false, true],
    unproven: [false, false, true],
    lingering: [false, false, false],
    'reported-gone': [false, false, true],
    waiting: [true, true, true],
    'given-up': [true, true, false],
    confirmed: [false, false, false],
  } as const satisfies Record<Termination['state'] | 'none', readonly [boolean, boolean, boolean]>

  it.each(Object.entries(ALLOWED))('%s, once the next attempt may begin: %j', (state, allowed) => {
    const { of }: { readonly of: Termination | undefined } = TABLE[state as keyof typeof TABLE]
    expect([mayLeave(of, NOON + HOUR), mayPlan(of, NOON + HOUR), of !== undefined && isOpen(of)]).toEqual(allowed)
  })

  it.each([WAITING, GIVEN_UP])('$state begins to allow a call exactly when the next attempt may begin', (of) => {
    const { tryAgainAt } = of
    expect([mayLeave(of, tryAgainAt - 1), mayPlan(of, tryAgainAt - 1)]).toEqual([false, false])
    expect([mayLeave(of, tryAgainAt), mayPlan(of, tryAgainAt)]).toEqual([true, true])
  })
})

describe('step, for any sequence of happenings', () => {
  /** An arbitrary happening, `pauseMs` after the one before it. A snapshot takes `readMs`. */
  interface Event {
    readonly what: Happening['what'] | 'clock-set-back'
    readonly by: 'list' | 'lookup'
    readonly status: keyof typeof STATUSES
    readonly pauseMs: number
    readonly readMs: number
  }
  const pauses = fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constantFrom(SECOND, 10 * SECOND, MINUTE, 5 * MINUTE))
  const event = (what: fc.Arbitrary<Event['what']>): fc.Arbitrary<Event> =>
    fc.record({
      what,
      by: fc.constantFrom('list', 'lookup'),
      status: fc.constantFrom(...(Object.keys(STATUSES) as (keyof typeof STATUSES)[]), 'absent'),
      pauseMs: pauses,
      readMs: pauses,
    })
  const only = (...all: readonly Event['what'][]) => event(fc.constantFrom(...all))
  const seen = only('seen')
  const ends = only('accepted', 'unanswered', 'not-found', 'refused', 'uncounted', 'restarted')
  /** Mostly what the daemon brings about, and now and then a happening that fits nowhere. */
  const events: fc.Arbitrary<readonly Event[]> = fc
    .array(
      fc.oneof(
        { arbitrary: fc.tuple(only('taken'), only('left'), ends), weight: 4 },
        { arbitrary: fc.tuple(only('taken'), seen, only('uncounted', 'restarted')), weight: 1 },
        { arbitrary: fc.tuple(only('taken'), only('left'), only('refused')), weight: 3 },
        { arbitrary: fc.tuple(seen), weight: 10 },
        { arbitrary: fc.tuple(only('unwanted', 'restarted')), weight: 1 },
        { arbitrary: fc.tuple(only('clock-set-back')), weight: 1 },
        { arbitrary: fc.tuple(only(...(Object.keys(HAPPENINGS) as (keyof typeof HAPPENINGS)[]))), weight: 2 },
      ),
      { minLength: 1, maxLength: 30 },
    )
    .map((moves) => moves.flat())

  /** What really happened to the connection, in the true order, whatever the clock showed. */
  const createWitness = () => {
    let answeredAt = Number.NEGATIVE_INFINITY
    let [takenAt, leftAt] = [0, 0]
    let shownSince = false
    let isPerhapsHeard = false
    let last: { readonly begunAt: number; readonly isAbsent: boolean } | undefined
    let running = 0
    let interrupted = 0
    /** What an uncounted call leaves as it was. */
    let beforeTheCall = { answeredAt, interrupted }
    return {
      /** Calls of this round whose end the process did not see. Each may be repeated once more than the rule allows. */
      interrupted: () => interrupted,
      isPerhapsHeard: () => isPerhapsHeard,
      isShownSinceItsAnswer: () => shownSince,
      /** Whether two snapshots running, begun after the answer, do not show the connection. */
      isAbsentTwice: () => running >= 2,
      isAfterTheAnswer: (begunAt: number) => begunAt > answeredAt,
      see(begunAt: number, status: string | undefined) {
        const counts = status === undefined && begunAt > answeredAt
        running = counts ? (last?.isAbsent === true && last.begunAt > answeredAt ? 2 : 1) : 0
        last = { begunAt, isAbsent: status === undefined }
        if (status !== undefined && begunAt > answeredAt) shownSince = true
      },
      note(before: Termination | undefined, what: Event['what'], next: Termination | undefined, at: number) {
        if (next?.state === 'recording' && before?.state !== 'recording') {
          beforeTheCall = { answeredAt, interrupted }
          takenAt = at
          if (next.attempts === 1) interrupted = 0
        }
        if (before?.state === 'recording' && what === 'left') leftAt = at
        const isOut = before?.state === 'recording' || before?.state === 'in-flight'
        if (isOut && what === 'uncounted') ({ answeredAt, interrupted } = beforeTheCall)
        if (before?.state === 'in-flight' && next?.state !== 'in-flight') {
          if (what === 'not-found' || what === 'refused') answeredAt = at
          if (what === 'accepted' || what === 'unanswered') {
            answeredAt = at
            isPerhapsHeard = true
            shownSince = false
          }
        }
        if (isOut && what === 'restarted') {
          answeredAt = before.state === 'recording' ? takenAt : leftAt
          interrupted++
          isPerhapsHeard = true
          shownSince = false
        }
        if (next === undefined || next.state === 'confirmed') {
          isPerhapsHeard = false
          shownSince = false
          answeredAt = Number.NEGATIVE_INFINITY
        }
      },
    }
  }

  it('confirms only what snapshots prove, keeps to the attempts and forgets no accepted call', () => {
    const RUNS = slowRuns(3000)
    let runs = 0
    const found = { byStatus: 0, byAnswer: 0, byAbsence: 0, gaveUp: 0, unwanted: 0, afterSetBack: 0 }
    fc.assert(
      fc.property(events, (sequence) => {
        runs++
        const witness = createWitness()
        let termination: Termination | undefined
        // The true time, and by how much the clock is behind it.
        let [time, behindMs, readFrom] = [NOON, 0, NOON]
        for (const { what, by, status, pauseMs, readMs } of sequence) {
          time += pauseMs
          if (what === 'clock-set-back') {
            behindMs += readMs
            readFrom = time
            continue
          }
          const begunAt = Math.max(time - readMs, readFrom)
          const shown = STATUSES[status]
          const happening: Happening =
            what === 'seen' ? { what, by, status: shown, begunAt: begunAt - behindMs } : HAPPENINGS[what]
          const before = termination
          const { next, reports } = step(before, happening, time - behindMs, RETRY)
          if (what === 'seen') {
            witness.see(begunAt, shown)
            readFrom = time
          }

          for (const { outcome, attempts } of reports) {
            expect(attempts).toBeLessThanOrEqual(RETRY.attempts + witness.interrupted())
            if (outcome === 'gave-up') found.gaveUp++
            if (outcome !== 'confirmed') continue
            expect(witness.isPerhapsHeard()).toBe(true)
            const isProof = what === 'seen' && witness.isAfterTheAnswer(begunAt)
            const byStatus = isProof && shown === 'terminated'
            // AWS said itself that the connection is gone: one absence is enough.
            const byAnswer = isProof && before?.state === 'reported-gone' && shown === undefined
            expect(byStatus || byAnswer || witness.isAbsentTwice()).toBe(true)
            found[byStatus ? 'byStatus' : byAnswer ? 'byAnswer' : 'byAbsence']++
            if (behindMs > 0) found.afterSetBack++
          }
          const isForgotten =
            before !== undefined && before.state !== 'confirmed' && next === undefined && reports.length === 0
          if (isForgotten && witness.isPerhapsHeard()) {
            // A snapshot showed that the call had no effect, and no policy needs another one.
            expect([what, witness.isShownSinceItsAnswer()]).toEqual(['unwanted', true])
            found.unwanted++
          }

          witness.note(before, what, next, time)
          expect(next?.attempts ?? 0).toBeLessThanOrEqual(RETRY.attempts + witness.interrupted())
          termination = next
        }
      }),
      { numRuns: RUNS },
    )
    // Where a time limit ends the property early, not everything can be expected to have occurred.
    if (runs >= RUNS) for (const times of Object.values(found)) expect(times).toBeGreaterThan(0)
  })
})
