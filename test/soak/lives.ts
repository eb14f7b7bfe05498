import { type Counts, countOf } from './counts.ts'
import { type Daemon, startDaemon } from './daemon.ts'

/** Both bounds find a process that hangs, on a machine of any speed. An idle machine needs ten seconds for a stop. */
const STOPPED_WITHIN_MS = 180_000
const LISTENS_WITHIN_MS = 300_000

/** Runs one process of the daemon after another. A process that ends without a signal is a problem. */
export const createLives = async (
  folder: string,
  awsUrl: string,
  counts: Counts,
  addProblem: (text: string) => void,
): Promise<{
  readonly current: () => Daemon
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>
  begin(): Promise<void>
}> => {
  let generation = 0

  const start = async (): Promise<Daemon> => {
    const daemon = startDaemon(folder, awsUrl, ++generation, (line) => {
      const count = countOf(line)
      if (count !== undefined) counts[count]++
    })
    void daemon.exited.then(({ code, signal }) => {
      if (daemon.isWanted())
        addProblem(`daemon ${daemon.generation} ended without a signal: ${code ?? signal} ${daemon.stderr()}`)
    })
    if (!(await daemon.listening(LISTENS_WITHIN_MS)))
      addProblem(`daemon ${daemon.generation} does not listen: ${daemon.stderr()}`)
    return daemon
  }

  let current = await start()
  return {
    current: () => current,
    async begin() {
      current = await start()
    },
    async end(signal) {
      const signalledAt = Date.now()
      current.signal(signal)
      const { code } = await current.exited
      const tookMs = Date.now() - signalledAt
      counts[signal === 'SIGKILL' ? 'kills' : 'stops']++
      if (signal === 'SIGKILL') return
      if (code !== 0) addProblem(`daemon ${current.generation} stopped with exit code ${code}: ${current.stderr()}`)
      if (tookMs > STOPPED_WITHIN_MS)
        addProblem(`daemon ${current.generation} needed ${tookMs} ms to stop, expected at most ${STOPPED_WITHIN_MS} ms`)
    },
  }
}

export type Lives = Awaited<ReturnType<typeof createLives>>
