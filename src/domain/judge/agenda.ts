import type { RetryRule } from '../terminate/termination.ts'
import type { Terminations } from '../terminate/terminations.ts'
import type { Verification } from '../terminate/verification.ts'
import { type Instant, NEVER } from '../time/instant.ts'

/** One thing to do, and the reason for it, which `/status` shows. */
export interface Appointment {
  /** NEVER if nothing is planned. */
  readonly at: Instant
  readonly because: string
}

/** When an endpoint must next be judged, read in addition to the schedule, or asked for some connections, and why. */
export interface Agenda {
  readonly judge: Appointment
  readonly read: Appointment
  readonly lookUp: Appointment
  /** No call of the plan leaves from this instant on, because a verdict in it may have ended. */
  readonly planUntil: Instant
}

/** The instants at which the result of a judgement may change. */
export interface Outlook {
  readonly judgedAt: Instant
  /** When a verdict or a warning changes. */
  readonly verdictsChangeAt: Instant
  /** When the snapshot is too old to act on. */
  readonly tooOldAt: Instant
  /** From this instant on a newer snapshot must confirm counters and statuses. */
  readonly confirmAt: Instant
  readonly planUntil: Instant
  /**
   * When the first call since the judgement was withdrawn, so that its connections need a new plan; NEVER if none was.
   */
  readonly withdrawnAt: Instant
  /** When the end of a connection was first moved since the judgement; NEVER if none was. */
  readonly extendedAt: Instant
  /**
   * When the first other endpoint since the judgement was read or could not be read, if a policy counts over all
   * endpoints; NEVER if none was.
   */
  readonly elsewhereAt: Instant
}

/** An endpoint that cannot be judged waits for its next snapshot. */
export const NO_OUTLOOK: Outlook = {
  judgedAt: -NEVER,
  verdictsChangeAt: NEVER,
  tooOldAt: NEVER,
  confirmAt: NEVER,
  planUntil: -NEVER,
  withdrawnAt: NEVER,
  extendedAt: NEVER,
  elsewhereAt: NEVER,
}

const NO_APPOINTMENT: Appointment = { at: NEVER, because: 'nothing is planned' }

/** The first thing on the agenda. */
export const nextOn = ({ judge, read, lookUp }: Agenda): Appointment => earliest(judge, read, lookUp)

const earliest = (...all: readonly [Appointment, ...Appointment[]]): Appointment =>
  all.reduce((first, one) => (one.at < first.at ? one : first))

export const agendaOf = (
  outlook: Outlook,
  terminations: Pick<Terminations, 'nextTryAfter' | 'proofDueAt'>,
  rule: RetryRule,
  confirmedBy: Verification['state'],
): Agenda => {
  const proof = { at: terminations.proofDueAt(rule), because: 'a termination waits for its proof' }
  return {
    judge: earliest(
      { at: outlook.verdictsChangeAt, because: 'a verdict or a warning changes' },
      { at: outlook.tooOldAt, because: 'the snapshot becomes too old' },
      {
        // Terminations that could be tried again at the judgement are in its plan.
        at: outlook.judgedAt === -NEVER ? NEVER : terminations.nextTryAfter(outlook.judgedAt),
        because: 'a termination may be tried again',
      },
      { at: outlook.withdrawnAt, because: 'a call was withdrawn' },
      { at: outlook.extendedAt, because: 'the end of a connection was moved' },
      { at: outlook.elsewhereAt, because: 'connections on other endpoints may have changed' },
    ),
    read: earliest(
      { at: outlook.confirmAt, because: 'counters or statuses have to be confirmed' },
      confirmedBy === 'lists' ? proof : NO_APPOINTMENT,
    ),
    lookUp: confirmedBy === 'lookups' ? proof : NO_APPOINTMENT,
    planUntil: outlook.planUntil,
  }
}
