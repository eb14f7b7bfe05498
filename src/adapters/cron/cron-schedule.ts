import type { Schedule } from '../../app/schedule.ts'
import { calendarOf } from '../../config/schema/poll-schedule.ts'

/** The cron expression as a calendar, in UTC. Each answer depends on the given instant alone, and on no other clock. */
export const cronSchedule = (expression: string): Schedule => {
  const calendar = calendarOf(expression)
  return {
    next(now) {
      const next = calendar.nextRun(new Date(now))
      if (next === null) throw new Error(`the schedule "${expression}" never comes due`)
      return next.getTime()
    },
  }
}
