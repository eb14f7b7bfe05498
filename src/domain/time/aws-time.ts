import { type Instant, SECOND } from './instant.ts'

/** AWS's time as far as answers have shown it: elapsed time plus a base. No change of the host's clock moves it. */
export interface AwsTime {
  /** Nothing may be decided by a time that AWS has not confirmed since the start or since a jump. */
  readonly state: 'unconfirmed' | 'confirmed'
  /** AWS's time less elapsed time, in ms. */
  readonly base: Instant
  /** The host's clock less elapsed time, in ms, when it was last read. */
  readonly hostBase: Instant
  readonly answers: readonly Bounds[]
}

/** The earliest and the latest base with which one answer of AWS agrees. */
export interface Bounds {
  readonly from: Instant
  readonly to: Instant
}

/** An event that may change what is known. */
export type ClockHappening = { readonly hostBase: Instant } & (
  | { readonly what: 'host-read' }
  | { readonly what: 'answered'; readonly bounds: Bounds }
)

/** How many of the latest answers count. */
const ANSWERS = 5
/** How many answers must agree with each other before they move the base without the host's clock. */
const MAJORITY = 3

/** How far AWS's servers and the host's time service may be off without being wrong. */
const TOLERANCE_MS = SECOND

/**
 * The host's clock gains on elapsed time while the machine sleeps, or when it is set. Snapshots are then older than
 * they seem, or not: AWS must say which. A clock that is set back moves nothing.
 */
const JUMP_MS = 5 * SECOND

/** At the start nothing but the host's clock is known. */
export const hostTime = (hostBase: Instant): AwsTime => ({
  state: 'unconfirmed',
  base: hostBase,
  hostBase,
  answers: [],
})

/**
 * The bounds that an answer sets. All are in ms; `startedMs` and `endedMs` are elapsed time. AWS wrote the date, which
 * is rounded down to the second, at some time between them.
 */
export const boundsOf = (date: Instant, startedMs: number, endedMs: number): Bounds => ({
  from: date - endedMs - TOLERANCE_MS,
  to: date + SECOND - startedMs + TOLERANCE_MS,
})

const includes = ({ from, to }: Bounds, base: Instant): boolean => from <= base && base <= to

/** Where most of the answers agree, if these are a majority. */
const agreement = (answers: readonly Bounds[]): Bounds | undefined => {
  const agreeing = answers
    .map(({ from }) => answers.filter((answer) => includes(answer, from)))
    .reduce((most, some) => (some.length >= most.length ? some : most), [])
  if (agreeing.length < MAJORITY) return undefined
  return { from: Math.max(...agreeing.map(({ from }) => from)), to: Math.min(...agreeing.map(({ to }) => to)) }
}

/** AWS's time after a happening. One answer alone moves nothing. */
export const nextAwsTime = (time: AwsTime, happening: ClockHappening): AwsTime => {
  const { hostBase } = happening
  if (happening.what === 'host-read') {
    const jumped = hostBase - time.hostBase > JUMP_MS
    // Earlier answers do not tell how long the machine slept.
    return jumped ? { ...time, state: 'unconfirmed', hostBase, answers: [] } : { ...time, hostBase }
  }
  const answers = [...time.answers, happening.bounds].slice(-ANSWERS)
  const agreed = agreement(answers)
  const agreeWith = (one: Instant) => answers.filter((answer) => includes(answer, one)).length
  // Until a majority agrees, the host's clock, and the time as it went on, are witnesses like an answer.
  const isWitness = (one: Instant) =>
    agreed === undefined ? time.state === 'unconfirmed' && agreeWith(one) > answers.length / 2 : includes(agreed, one)
  const base = [hostBase, time.base].find(isWitness) ?? (agreed && middle(agreed))
  return base === undefined ? { ...time, hostBase, answers } : { state: 'confirmed', base, hostBase, answers }
}

const middle = ({ from, to }: Bounds): Instant => Math.round((from + to) / 2)
