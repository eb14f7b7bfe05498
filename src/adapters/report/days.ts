import type { LocalDay } from '../../domain/time/local-days.ts'
import { MONTHS } from '../html/week-drawing.ts'

/** A day for people: `Mon 23 Nov`. */
export const dayText = (day: LocalDay | undefined): string =>
  day === undefined ? '' : `${day.weekday} ${day.date.day} ${MONTHS[day.date.month - 1] ?? ''}`

type Share<One> = readonly [One, ...One[]]

/** A list in its order as at most so many lists of equal length. The last one may be shorter. */
export const sharesOf = <One>(list: readonly One[], most: number): readonly Share<One>[] => {
  const length = Math.max(1, Math.ceil(list.length / most))
  return list.flatMap((first, index): readonly Share<One>[] =>
    index % length === 0 ? [[first, ...list.slice(index + 1, index + length)]] : [],
  )
}
