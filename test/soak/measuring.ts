import { stat } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import type { Counts } from './counts.ts'
import type { Resources } from './daemon.ts'
import type { Lives } from './lives.ts'

export interface Sample extends Resources {
  readonly atMs: number
  readonly generation: number
  readonly stateBytes: number
}

const sizeOf = (file: string): Promise<number> =>
  stat(file).then(
    ({ size }) => size,
    () => 0,
  )

/** Measures the daemon and asks for its health until it is stopped, with a pause after each measurement. */
export const startMeasuring = (lives: Lives, stateFile: string, counts: Counts, pauseMs: number) => {
  const samples: Sample[] = []
  const startedAt = Date.now()
  const measure = async () => {
    const daemon = lives.current()
    const [resources, healthy] = await Promise.all([daemon.resources(), daemon.healthy()])
    if (daemon !== lives.current() || !daemon.isWanted()) return
    counts.healthAsked++
    if (!healthy) counts.healthMissed++
    if (resources === undefined) return
    const { generation } = daemon
    samples.push({ atMs: Date.now() - startedAt, generation, stateBytes: await sizeOf(stateFile), ...resources })
  }
  const stopping = new AbortController()
  const { signal } = stopping
  const run = async () => {
    while (!signal.aborted) {
      await measure()
      await pause(pauseMs, undefined, { signal }).catch(() => {})
    }
  }
  const running = run()
  return {
    samples,
    async stop() {
      stopping.abort()
      await running
    },
  }
}
