import { setTimeout as pause } from 'node:timers/promises'

const ASK_EVERY_MS = 250

/**
 * Asks a server until its answer is the wanted one. After `withinMs` it returns the last answer, for an assertion to
 * show. The bound finds a server that hangs: it must not depend on the machine's speed.
 */
export const eventually = async <Answer>(
  ask: () => Promise<Answer>,
  isWanted: (answer: Answer) => boolean,
  withinMs = 180_000,
): Promise<Answer> => {
  const until = Date.now() + withinMs
  for (;;) {
    const answer = await ask()
    if (isWanted(answer) || Date.now() >= until) return answer
    await pause(ASK_EVERY_MS)
  }
}
