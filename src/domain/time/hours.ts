import type { Calendar } from './calendar.ts'
import type { LocalWindow } from './time-window.ts'

/** The hours of one policy as its operator wrote them: when connections are allowed, or when they are denied. */
export interface Hours {
  readonly zone: string
  /** The finding while a window is open: `fine` for allowed hours, `violated` for denied ones. */
  readonly open: 'fine' | 'violated'
  readonly windows: readonly LocalWindow[]
  /** The calendars on whose dates no window opens. */
  readonly calendars: readonly Calendar[]
}
