import { onAborted } from './on-aborted.ts'

/** Runs a work after those that were given before it. Once `leave` is aborted, a work that has not begun never begins. */
export type InTurn = (work: () => Promise<void>, leave: AbortSignal) => Promise<void>

/** Makes works that run one at a time. The first one begins at once. */
export const createOneAtATime = (): InTurn => {
  let isTaken = false
  const waiting = new Set<() => void>()

  const turn = (leave: AbortSignal) =>
    new Promise<boolean>((resolve) => {
      const refuse = () => {
        waiting.delete(begin)
        resolve(false)
      }
      const begin = () => {
        leave.removeEventListener('abort', refuse)
        resolve(true)
      }
      waiting.add(begin)
      onAborted(leave, refuse)
    })

  const passOn = () => {
    const [next] = waiting
    isTaken = next !== undefined
    if (next === undefined) return
    waiting.delete(next)
    next()
  }

  return async (work, leave) => {
    if (isTaken && (leave.aborted || !(await turn(leave)))) return
    isTaken = true
    try {
      await work()
    } finally {
      passOn()
    }
  }
}
