import type { Calendar, ClosedDates } from './calendar.ts'
import type { LocalWindow } from './time-window.ts'

/** The hours of one policy as its operator wrote them: when connections are allowed, or when they are denied. */
export interface Hours {
  readonly zone: string
  /** The finding while a window is open: `fine` for allowed hours, `violated` for denied ones. */
  readonly open: 'fine' | 'violated'
  readonly windows: readonly LocalWindow[]
  readonly closed: ClosedDates
  /** The calendars whose dates are in `closed`. */
  readonly calendars: readonly Calendar[]
}
