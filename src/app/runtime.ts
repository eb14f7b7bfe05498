import { type Elapsed, msBetween } from '../domain/time/elapsed.ts'
import { SECOND } from '../domain/time/instant.ts'
import type { CurfewEvent, Emit } from './events.ts'
import { type LastReload, nextReload } from './last-reload.ts'
import { createOngoing } from './ongoing.ts'
import type { Ports } from './ports.ts'
import { createSkewClock } from './skew-clock.ts'

/** The loop of each daemon runs once a second. If one has not run for this long, the process is unhealthy. */
const STUCK_AFTER_MS = 30 * SECOND

/** What a process has once, however many daemons it runs: the time of AWS, the listeners, and what they were told. */
export const createRuntime = (ports: Pick<Ports, 'host' | 'listeners' | 'observeSkew'>) => {
  const { host } = ports
  let isStarted = false
  let lastReload: LastReload = { outcome: 'none' }
  const listeners: Emit[] = []
  const tell: Emit = (event: CurfewEvent) => {
    if (event.event === 'started') isStarted = true
    lastReload = nextReload(lastReload, event)
    for (const listen of listeners) listen(event)
  }

  let reported = { warned: false, apart: false }
  const clock = createSkewClock(host, ({ skewMs, warned, apart }) => {
    ports.observeSkew?.(skewMs)
    if (warned !== reported.warned || apart !== reported.apart) tell({ event: 'clock-skew', skewMs, apart, warned })
    reported = { warned, apart }
  })
  const ongoing = createOngoing(clock)
  listeners.push(...ports.listeners(clock), ongoing.observe)

  return {
    clock,
    tell,
    isStarted: () => isStarted,
    lastReload: () => lastReload,
    ongoing: ongoing.now,
    /** Whether a loop that last ran at that time has not hung since. */
    isTurning: (turnedAt: Elapsed): boolean => msBetween(turnedAt, host.elapsed()) < STUCK_AFTER_MS,
  }
}
