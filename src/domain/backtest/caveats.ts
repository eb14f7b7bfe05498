import { DAY } from '../time/instant.ts'
import type { Summary } from './summary.ts'

/** Where so many of the lines were not understood, they are more than some odd lines. */
const LARGE_SHARE = 1 / 10

const count = (number: number): string => number.toLocaleString('en-US')

/** To the second, as people read it. */
const text = (at: string | null): string => at?.replace(/\.\d{3}Z$/, 'Z') ?? 'an unknown time'

/** By how much `later` is later. Instants that are not known are not. */
const msUntil = (earlier: string | null, later: string | null): number =>
  earlier === null || later === null ? 0 : Date.parse(later) - Date.parse(earlier)

/** The cautions that a reader needs before the verdict: one sentence each, and mostly none. */
export const caveatsOf = ({ lines, period, recorded }: Summary): readonly string[] => [
  ...(lines.failed > 0 && lines.failed >= lines.read * LARGE_SHARE
    ? [`Caution: ${count(lines.failed)} of ${count(lines.read)} lines were not understood, so sessions may be missing.`]
    : []),
  ...(msUntil(period.from, recorded.from) > DAY
    ? [`Caution: the period begins at ${text(period.from)}, but the recording only at ${text(recorded.from)}.`]
    : []),
  ...(msUntil(recorded.to, period.to) > DAY
    ? [`Caution: the period ends at ${text(period.to)}, but the recording already at ${text(recorded.to)}.`]
    : []),
]
