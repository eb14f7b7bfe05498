import type { Clock } from '../../src/app/clock.ts'
import type { createSkewClock } from '../../src/app/skew-clock.ts'
import type { VpnSite } from '../../src/app/vpn.ts'
import { msBetween } from '../../src/domain/time/elapsed.ts'
import { SECOND } from '../../src/domain/time/instant.ts'

/** The site with a date in each answer, as AWS sends it. `truth` is AWS's clock, `clock` the daemon's. */
export const datedVpn = (vpn: VpnSite, truth: Clock, clock: ReturnType<typeof createSkewClock>): VpnSite => {
  const dated = async <Value>(request: () => Promise<Value>): Promise<Value> => {
    const startedAt = clock.elapsed()
    const answer = await request()
    clock.hear({ startedAt, endedAt: clock.elapsed(), date: Math.floor(truth.now() / SECOND) * SECOND })
    return answer
  }
  return {
    ...vpn,
    account: (signal) => dated(() => vpn.account(signal)),
    terminate: (target, signal) => dated(() => vpn.terminate(target, signal)),
    async lookUp(endpointId, ids, signal) {
      const startedAt = clock.elapsed()
      const found = await dated(() => vpn.lookUp(endpointId, ids, signal))
      const completedAt = clock.now()
      return { ...found, begunAt: completedAt - Math.round(msBetween(startedAt, clock.elapsed())), completedAt }
    },
    async snapshot(endpointId, signal) {
      const startedAt = clock.elapsed()
      const seen = await dated(() => vpn.snapshot(endpointId, signal))
      const completedAt = clock.now()
      return { ...seen, begunAt: completedAt - Math.round(msBetween(startedAt, clock.elapsed())), completedAt }
    },
  }
}
