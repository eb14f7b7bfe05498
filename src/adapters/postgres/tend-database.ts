import type { Clock } from '../../app/clock.ts'
import { DAY, MINUTE } from '../../domain/time/instant.ts'
import type { Ask } from './ask.ts'
import { examineSchema } from './examine-schema.ts'

/** Until the database answers, it is asked again this often. */
const AGAIN_MS = MINUTE

/**
 * Does once a day what the database cannot do by itself: it makes the partitions of this month and of the next one.
 * Without them lines go into the default partition, so that a failure is of no matter until a later day. `found` is given
 * once what the role may do to the trail that no daemon needs. Resolves when `stop` is aborted.
 */
export const tendDatabase = async (
  ask: Ask,
  clock: Pick<Clock, 'sleep'>,
  stop: AbortSignal,
  found: (excess: readonly string[]) => void,
): Promise<void> => {
  let isExamined = false
  while (!stop.aborted) {
    let isDone = false
    try {
      if (!isExamined) {
        const { refusal, excess } = await examineSchema(ask)
        isExamined = refusal === undefined
        if (excess.length > 0) found(excess)
      }
      if (isExamined) {
        await ask('select curfew.make_partitions()')
        isDone = true
      }
    } catch {
      // The session of this replica says that the database is away.
    }
    await clock.sleep(isDone ? DAY : AGAIN_MS, stop)
  }
}
