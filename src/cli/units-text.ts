import { printable } from '../domain/printable.ts'
import type { UnitInPlan } from './known-states.ts'
import { paragraph } from './lines.ts'
import { count } from './number-text.ts'
import { painted } from './paint.ts'

/** A unit as JSON gives it. */
export const unitJson = ({ unit, holder, isHeld, epoch }: UnitInPlan) => ({
  unit,
  state: isHeld ? 'held' : 'free',
  holder: holder ?? null,
  epoch,
})

/** Who holds each unit, a unit in a line. */
export const unitsText = (units: readonly UnitInPlan[]): string =>
  [
    painted('bold', paragraph(`Units that replicas share (${count(units.length)}):`)),
    ...units.map((one) => painted(one.isHeld ? undefined : 'magenta', paragraph(holderText(one), '  '))),
  ].join('\n')

const holderText = ({ unit, holder, isHeld, epoch }: UnitInPlan): string => {
  const key = printable(unit)
  if (holder === undefined) return `${key}: no replica has held it yet, so that nobody enforces there`
  const name = printable(holder)
  if (isHeld) return `${key}: held by ${name}, epoch ${epoch}`
  return `${key}: held by no replica, so that nobody enforces there; last by ${name}, epoch ${epoch}`
}
