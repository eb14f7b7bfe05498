import type { LocalWindow } from '../domain/time/time-window.ts'

/** The limits of a window beside its days and hours, as a text that is equal for equal limits. '' if it has none. */
export const limitsOf = ({ dates, months, monthDays, weeks }: LocalWindow): string => {
  const limits = [dates, months, monthDays, weeks]
  return limits.every((limit) => limit === undefined) ? '' : JSON.stringify(limits)
}
