import { describe, expect, it } from 'vitest'
import { type Agenda, agendaOf, NO_OUTLOOK, nextOn, type Outlook } from '../../src/domain/judge/agenda.ts'
import type { KeptTermination } from '../../src/domain/terminate/termination.ts'
import { createTerminations } from '../../src/domain/terminate/terminations.ts'
import { MINUTE, NEVER, SECOND } from '../../src/domain/time/instant.ts'
import { NOON, RETRY } from './build.ts'

/** A judgement at noon, after which nothing is to come. */
const QUIET: Outlook = {
  judgedAt: NOON,
  verdictsChangeAt: NEVER,
  tooOldAt: NEVER,
  confirmAt: NEVER,
  planUntil: NEVER,
  withdrawnAt: NEVER,
  extendedAt: NEVER,
  elsewhereAt: NEVER,
}

const ANSWERED_AT = NOON - MINUTE

const termination = (id: string, state: KeptTermination['state'], tryAgainAt = NEVER): KeptTermination => {
  const answered = {
    violation: {
      connectionId: id,
      username: 'alice',
      commonName: undefined,
      policy: 'daily',
      reason: 'max-session-age',
      since: NOON,
      deadline: NOON,
      because: '',
      alsoBy: [],
    },
    attempts: 1,
    callId: id,
    selector: 'connection-id',
    leftAt: ANSWERED_AT,
    answeredAt: ANSWERED_AT,
    requestId: undefined,
  } as const
  if (state === 'unproven' || state === 'lingering') return { ...answered, state, absences: 0 }
  if (state === 'reported-gone') return { ...answered, state, heard: 'never' }
  return { ...answered, state, heard: 'never', absences: 0, tryAgainAt }
}

const agenda = (
  outlook: Partial<Outlook>,
  terminations: readonly KeptTermination[] = [],
  confirmedBy: 'lookups' | 'lists' = 'lists',
): Agenda => agendaOf({ ...QUIET, ...outlook }, createTerminations(terminations), RETRY, confirmedBy)

describe('an agenda', () => {
  it('has no appointment where nothing is to come', () => {
    const { judge, read } = agenda({})
    expect([judge.at, read.at]).toEqual([NEVER, NEVER])
  })

  const SOON = NOON + MINUTE
  const LATER = NOON + 2 * MINUTE

  it.each<[Agenda['judge']['because'], Partial<Outlook>, readonly KeptTermination[]]>([
    ['a verdict or a warning changes', { verdictsChangeAt: SOON }, []],
    ['the snapshot becomes too old', { tooOldAt: SOON }, []],
    ['a termination may be tried again', {}, [termination('a', 'waiting', SOON)]],
    ['a termination may be tried again', {}, [termination('a', 'given-up', SOON), termination('b', 'waiting', LATER)]],
    ['a call was withdrawn', { withdrawnAt: SOON }, []],
    ['the end of a connection was moved', { extendedAt: SOON }, []],
    ['connections on other endpoints may have changed', { elsewhereAt: SOON }, []],
  ])('is first to judge because %s', (because, outlook, terminations) => {
    expect(agenda(outlook, terminations).judge).toEqual({ at: SOON, because })
    // The other sources come later.
    const others = { verdictsChangeAt: LATER, tooOldAt: LATER, withdrawnAt: LATER, elsewhereAt: LATER }
    const all = [...terminations, termination('later', 'waiting', LATER)]
    expect(agenda({ ...others, ...outlook }, all).judge).toEqual({ at: SOON, because })
  })

  const PROOF_DUE_AT = ANSWERED_AT + RETRY.settleMs

  it('is first to read because counters or statuses have to be confirmed', () => {
    const because = 'counters or statuses have to be confirmed'
    expect(agenda({ confirmAt: SOON }).read).toEqual({ at: SOON, because })
    expect(agenda({ confirmAt: PROOF_DUE_AT - 1 }, [termination('a', 'unproven')]).read).toEqual({
      at: PROOF_DUE_AT - 1,
      because,
    })
  })

  it('is first to read because a termination waits for its proof', () => {
    const appointment = { at: PROOF_DUE_AT, because: 'a termination waits for its proof' }
    expect(PROOF_DUE_AT).toBe(ANSWERED_AT + 2 * SECOND)
    expect(agenda({}, [termination('a', 'unproven')]).read).toEqual(appointment)
    expect(agenda({ confirmAt: PROOF_DUE_AT + 1 }, [termination('a', 'unproven')]).read).toEqual(appointment)
    expect(agenda({}, [termination('a', 'reported-gone')]).read).toEqual(appointment)
  })

  it('is first to look up, and reads no list, for the proof of a termination while lookups are believed', () => {
    const { read, lookUp } = agenda({ confirmAt: SOON }, [termination('a', 'unproven')], 'lookups')
    expect(lookUp).toEqual({ at: PROOF_DUE_AT, because: 'a termination waits for its proof' })
    expect(read).toEqual({ at: SOON, because: 'counters or statuses have to be confirmed' })
    expect(nextOn(agenda({}, [termination('a', 'unproven')], 'lookups')).at).toBe(PROOF_DUE_AT)
    expect(agenda({}, [termination('a', 'unproven')]).lookUp.at).toBe(NEVER)
  })

  it('names the first source in its list where several come at one instant', () => {
    const { judge, read } = agenda(
      { verdictsChangeAt: SOON, tooOldAt: SOON, withdrawnAt: SOON, confirmAt: PROOF_DUE_AT },
      [termination('a', 'unproven'), termination('b', 'waiting', SOON)],
    )
    expect(judge.because).toBe('a verdict or a warning changes')
    expect(read.because).toBe('counters or statuses have to be confirmed')
  })

  it('has no appointment for terminations that the judgement could already plan, or that wait for nothing', () => {
    const { judge, read } = agenda({}, [
      termination('could be tried before', 'waiting', NOON - 1),
      termination('could be tried then', 'given-up', NOON),
      termination('lingering', 'lingering'),
    ])
    expect([judge.at, read.at]).toEqual([NEVER, NEVER])
    expect(agenda({}, [termination('a', 'waiting', NOON + 1)]).judge.at).toBe(NOON + 1)
  })

  it('is only to read, for the proof of a termination, where the endpoint could not be judged', () => {
    const { judge, read, planUntil } = agenda(NO_OUTLOOK, [
      termination('a', 'waiting', SOON),
      termination('b', 'unproven'),
    ])
    expect(judge.at).toBe(NEVER)
    expect(read).toEqual({ at: PROOF_DUE_AT, because: 'a termination waits for its proof' })
    expect(planUntil).toBe(-NEVER)
  })

  it('is due to judge at once, after a call was withdrawn, even if that was before the judgement', () => {
    expect(agenda({ withdrawnAt: NOON - 1, verdictsChangeAt: SOON }).judge).toEqual({
      at: NOON - 1,
      because: 'a call was withdrawn',
    })
  })

  it('takes over until when the plan is valid', () => {
    expect(agenda({ planUntil: SOON }).planUntil).toBe(SOON)
  })
})
