import { hostClock } from '../adapters/host/clock.ts'
import { admit } from '../adapters/postgres/admission.ts'
import { readFacts } from '../adapters/postgres/database-facts.ts'
import { EngineRefused } from '../adapters/postgres/engine-refused.ts'
import { examineSchema } from '../adapters/postgres/examine-schema.ts'
import { openSession, SessionOver } from '../adapters/postgres/session.ts'
import { OperatorError } from './command.ts'
import { accessOf, signInAdvice } from './compose-database.ts'
import type { EngineExamination, ExamineEngine } from './doctor/engine.ts'

/** Opens a session as a replica does, asks what a replica asks before it joins, and closes the session. */
export const examineEngine: ExamineEngine = async (settings, stop): Promise<EngineExamination> => {
  const { leaseMs } = settings
  try {
    const { options, place, exposure } = accessOf(settings, 'curfew doctor')
    const session = await openSession(options, { leaseMs, clock: hostClock, stop }).catch((error: unknown) => {
      if (!(error instanceof SessionOver)) throw error
      throw new OperatorError(`the database ${place}: ${error.message}`, { cause: error.cause })
    })
    try {
      await admit(session)
      const { excess } = await examineSchema(session.ask)
      return { state: 'sound', place, facts: await readFacts(session.ask, leaseMs), excess, exposure }
    } finally {
      await session.close()
    }
  } catch (error) {
    if (error instanceof EngineRefused) return { state: 'refused', why: error.message }
    if (error instanceof OperatorError || error instanceof SessionOver)
      return { state: 'unreachable', why: error.message, advice: signInAdvice(error.cause) }
    throw error
  }
}
