import type { Clock } from '../../app/clock.ts'
import { faultText } from '../../app/fault.ts'
import { endedWithin } from '../../app/within.ts'
import { formatDuration } from '../../domain/time/duration.ts'
import { msBetween } from '../../domain/time/elapsed.ts'
import { type Answer, CHECK_NAMES, type CheckName, failed, notChecked } from './finding.ts'

/** One question about the set-up. It changes nothing. */
export interface Check<Needed, Value> {
  readonly name: CheckName
  /** Of several checks with one name: what this one is about, such as an endpoint. */
  readonly subject?: string
  /** The party that is asked, such as a service of AWS, where the subject does not name it. */
  readonly asked?: string
  /** How long it may take in addition to the time of all checks. */
  readonly extraMs?: number
  ask(needed: Needed, signal: AbortSignal): Promise<Answer<Value>>
  /** The answer where the time for all checks ends before there is one. */
  readonly late?: Answer<never>
}

/** A check with its finding. */
export interface Checked<Value = unknown> extends Answer<Value> {
  readonly name: CheckName
  readonly subject: string | undefined
}

export const titleOf = ({ name, subject }: Pick<Checked, 'name' | 'subject'>): string =>
  subject === undefined ? name : `${name} (${subject})`

const reasonOf = (lacking: Checked): string =>
  lacking.finding.state === 'not-checked' ? lacking.finding.because : `it needs ${titleOf(lacking)}`

/** The check as what a later one needs, with another value, or none. */
const asNeed = <Value>({ name, subject, finding }: Checked, value?: Value): Checked<Value> =>
  value === undefined ? { name, subject, finding } : { name, subject, finding, value }

/** The answers to two checks as one. If one lacks its value, the first of these stands for both. */
export const both = async <One, Other>(
  one: Promise<Checked<One>>,
  other: Promise<Checked<Other>>,
): Promise<Checked<readonly [One, Other]>> => {
  const [first, second] = await Promise.all([one, other])
  if (first.value === undefined) return asNeed(first)
  if (second.value === undefined) return asNeed(second)
  return asNeed(second, [first.value, second.value] as const)
}

/** The first check that has a value, else the first of all. */
export const firstWithValue = async <Value>(
  checks: ReadonlyArray<Promise<Checked<Value>>>,
): Promise<Checked<Value>> => {
  const all = await Promise.all(checks)
  return all.find(({ value }) => value !== undefined) ?? all[0] ?? NONE
}

/** Runs checks as soon as what they need is known, all within `limitMs`. */
export const createExamination = (clock: Pick<Clock, 'elapsed' | 'sleep'>, limitMs: number) => {
  const startedAt = clock.elapsed()
  const begun: Promise<Checked>[] = []
  const never = new AbortController().signal

  const findingOf = async <Needed, Value>(
    check: Check<Needed, Value>,
    lacking: Checked<Needed>,
  ): Promise<Answer<Value>> => {
    const { value } = lacking
    if (value === undefined) return { finding: notChecked(reasonOf(lacking)) }
    const { extraMs = 0 } = check
    const leftMs = limitMs + extraMs - msBetween(startedAt, clock.elapsed())
    const overdue = `the time for all checks is over (${formatDuration(limitMs)})`
    if (leftMs <= 0) return { finding: notChecked(overdue) }
    try {
      const answer = await endedWithin(clock, leftMs, never, (signal) => check.ask(value, signal))
      if (answer !== 'late') return answer
      const expected = `an answer before ${overdue}`
      const advice = 'look for a disk or a network that does not answer'
      const found = check.asked === undefined ? 'no answer' : `no answer of ${check.asked}`
      return check.late ?? { finding: failed({ found, expected, advice }) }
    } catch (error) {
      return { finding: failed({ found: faultText(error), expected: 'an answer', advice: 'report it' }) }
    }
  }

  return {
    check<Needed, Value>(need: Promise<Checked<Needed>>, check: Check<Needed, Value>): Promise<Checked<Value>> {
      const { name, subject } = check
      const checking = need.then(async (needed) => ({ name, subject, ...(await findingOf(check, needed)) }))
      begun.push(checking)
      return checking
    },

    /** All checks, in the order of dependency, when all that have begun are done. */
    async findings(): Promise<readonly Checked[]> {
      const all = await Promise.all(begun)
      const made = new Set(all.filter(({ finding }) => finding.state !== 'not-checked').map(titleOf))
      // An earlier check may have found what a later one would find.
      const found = all.filter((one) => one.finding.state !== 'not-checked' || !made.has(titleOf(one)))
      const ofName = (name: CheckName) => found.filter((one) => one.name === name).sort(bySubject)
      const lacking = CHECK_NAMES.flatMap(ofName).find(({ finding }) => finding.state === 'failed')
      const because = lacking === undefined ? 'there is nothing to check' : reasonOf(lacking)
      // The subjects of a check depend on earlier answers, such as the endpoints that there are.
      const none = (name: CheckName) => ({ name, subject: undefined, finding: notChecked(because) })
      return CHECK_NAMES.flatMap((name) => {
        const some = ofName(name)
        // A daemon with files has no engine to check.
        return some.length > 0 || name === 'engine' ? some : [none(name)]
      })
    },
  }
}

const bySubject = (one: Checked, other: Checked) => ((one.subject ?? '') < (other.subject ?? '') ? -1 : 1)

export type Examination = ReturnType<typeof createExamination>

const NONE: Checked<never> = {
  name: 'configuration',
  subject: undefined,
  finding: notChecked('there is nothing to check'),
}

/** What a check needs that needs nothing. */
export const NOTHING: Promise<Checked<true>> = Promise.resolve({ ...NONE, value: true })
