import { createTask } from 'node-cron'
import type { Schedule } from '../../app/schedule.ts'

/**
 * Uses node-cron only to compute times, in UTC. Its own timer stops firing when the clock is set back, and replays
 * every missed run when the clock is set forward.
 */
export const cronSchedule = (schedule: string): Schedule => ({
  next(now) {
    // node-cron keeps every task in a registry until `destroy`.
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
