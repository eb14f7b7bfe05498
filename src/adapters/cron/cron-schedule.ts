import { createTask } from 'node-cron'
import type { Schedule } from '../../app/schedule.ts'

/** node-cron as a schedule only: its own timer goes silent when the clock is set back and replays every missed slot when it is set forward. */
export const cronSchedule = (schedule: string): Schedule => ({
  next(now) {
    // Every task stays in a registry of node-cron until it is destroyed.
    const task = createTask(schedule, () => {}, { timezone: 'UTC' })
    try {
      const [first, second] = task.getNextRuns(2)
      if (first === undefined || second === undefined) throw new Error(`the schedule "${schedule}" never comes due`)
      return first.getTime() > now ? first.getTime() : second.getTime()
    } finally {
      void task.destroy()
    }
  },
})
