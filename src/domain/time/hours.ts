import type { Calendar, ClosedDates } from './calendar.ts'
import type { LocalWindow } from './time-window.ts'

/** The hours of one policy as an operator wrote them: when connections are allowed, or when they are denied. */
export interface Hours {
  readonly zone: string
  /** What an open window means. */
  readonly open: 'fine' | 'violated'
  readonly windows: readonly LocalWindow[]
  readonly closed: ClosedDates
  /** The calendars that `closed` was made from. */
  readonly calendars: readonly Calendar[]
}
