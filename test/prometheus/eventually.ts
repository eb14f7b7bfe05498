import { setTimeout as pause } from 'node:timers/promises'

const ASK_EVERY_MS = 250

/** Asks a server until its answer is as wanted. When time is up the last answer, for an assertion to show. */
export const eventually = async <Answer>(
  ask: () => Promise<Answer>,
  isWanted: (answer: Answer) => boolean,
  withinMs = 30_000,
): Promise<Answer> => {
  const until = Date.now() + withinMs
  for (;;) {
    const answer = await ask()
    if (isWanted(answer) || Date.now() >= until) return answer
    await pause(ASK_EVERY_MS)
  }
}
