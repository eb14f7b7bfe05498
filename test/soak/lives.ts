import { type Counts, countOf } from './counts.ts'
import { type Daemon, startDaemon } from './daemon.ts'

/** A stop takes ten seconds at most, and a busy machine a little longer. */
const STOPPED_WITHIN_MS = 15_000
const LISTENS_WITHIN_MS = 60_000

/** The daemon, life after life. Whatever ends without having been told to is a problem. */
export const createLives = async (
  folder: string,
  awsUrl: string,
  counts: Counts,
  complain: (text: string) => void,
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
      if (daemon.isWanted()) complain(`life ${daemon.generation} ended by itself: ${code ?? signal} ${daemon.stderr()}`)
    })
    if (!(await daemon.listening(LISTENS_WITHIN_MS)))
      complain(`life ${daemon.generation} does not listen: ${daemon.stderr()}`)
    return daemon
  }

  let current = await start()
  return {
    current: () => current,
    async begin() {
      current = await start()
    },
    async end(signal) {
      const beganAt = Date.now()
      current.signal(signal)
      const { code } = await current.exited
      const tookMs = Date.now() - beganAt
      counts[signal === 'SIGKILL' ? 'kills' : 'stops']++
      if (signal === 'SIGKILL') return
      if (code !== 0) complain(`life ${current.generation} stopped with ${code}: ${current.stderr()}`)
      if (tookMs > STOPPED_WITHIN_MS) complain(`life ${current.generation} took ${tookMs} ms to stop`)
    },
  }
}

export type Lives = Awaited<ReturnType<typeof createLives>>
