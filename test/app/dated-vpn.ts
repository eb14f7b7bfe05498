import type { Clock } from '../../src/app/clock.ts'
import type { createSkewClock } from '../../src/app/skew-clock.ts'
import type { VpnSite } from '../../src/app/vpn.ts'
import { SECOND } from '../../src/domain/time/instant.ts'

/** The same site with the time in its answers, as AWS gives it. `truth` is AWS's clock, `clock` the daemon's. */
export const datedVpn = (vpn: VpnSite, truth: Clock, clock: ReturnType<typeof createSkewClock>): VpnSite => {
  const dated = async <Value>(ask: () => Promise<Value>): Promise<Value> => {
    const startedAt = clock.now()
    const answer = await ask()
    clock.hear({ startedAt, endedAt: clock.now(), date: Math.floor(truth.now() / SECOND) * SECOND })
    return answer
  }
  return {
    ...vpn,
    account: (signal) => dated(() => vpn.account(signal)),
    terminate: (termination, signal) => dated(() => vpn.terminate(termination, signal)),
    async snapshot(endpointId, signal) {
      const from = clock.elapsed()
      const seen = await dated(() => vpn.snapshot(endpointId, signal))
      const completedAt = clock.now()
      return { ...seen, begunAt: completedAt - Math.round(clock.elapsed() - from), completedAt }
    },
  }
}
