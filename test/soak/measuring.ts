import { stat } from 'node:fs/promises'
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

/** Measures the daemon at a steady cadence, and asks whether it is healthy. */
export const startMeasuring = (lives: Lives, stateFile: string, counts: Counts, everyMs: number) => {
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
  let measuring = Promise.resolve()
  const timer = setInterval(() => {
    measuring = measuring.then(measure)
  }, everyMs)
  return {
    samples,
    async stop() {
      clearInterval(timer)
      await measuring
    },
  }
}
