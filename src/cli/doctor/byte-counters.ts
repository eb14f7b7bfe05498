import type { Clock } from '../../app/clock.ts'
import { onAborted } from '../../app/on-aborted.ts'
import { VpnError, type VpnSite } from '../../app/vpn.ts'
import { type Connection, isActive } from '../../domain/connection.ts'
import type { Policy } from '../../domain/policies/policy.ts'
import { firstNames } from '../../domain/shortened.ts'
import type { Snapshot } from '../../domain/snapshot.ts'
import { formatDuration } from '../../domain/time/duration.ts'
import { type Elapsed, msBetween } from '../../domain/time/elapsed.ts'
import { count, plural } from '../number-text.ts'
import type { Check } from './examination.ts'
import { notChecked, ok, warning } from './finding.ts'

const bytesOf = ({ ingressBytes, egressBytes }: Connection): number | undefined =>
  ingressBytes === undefined || egressBytes === undefined ? undefined : ingressBytes + egressBytes

const countersIn = ({ connections }: Snapshot): ReadonlyMap<string, number> =>
  new Map(
    connections.flatMap((one) => {
      const bytes = isActive(one) ? bytesOf(one) : undefined
      return bytes === undefined ? [] : [[one.id, bytes] as const]
    }),
  )

/** What a watch of an endpoint's counters has seen. */
interface Watched {
  readonly snapshots: number
  /** The connections whose counters have changed. */
  readonly moved: ReadonlySet<string>
  /** In how many snapshots at least one counter had changed. */
  readonly updates: number
  /** How long it was watched. */
  readonly forMs: number
}

/** Ten looks at the counters in the given time, or fewer where these would be too close to each other. */
const LOOKS = 10

/** Whether byte counters are there and move. `watchMs` is how long to watch them; undefined: not at all. */
export const byteCountersCheck = (
  { vpn, clock }: { readonly vpn: Pick<VpnSite, 'snapshot'>; readonly clock: Pick<Clock, 'elapsed' | 'sleep'> },
  {
    policies,
    subject,
    watchMs,
    minGapMs,
    enough,
  }: {
    readonly policies: readonly Policy[]
    readonly subject: string
    readonly watchMs: number | undefined
    /** The shortest time between two reads. */
    readonly minGapMs: number
    /** Aborted when the operator has seen enough: then the watch ends. */
    readonly enough: AbortSignal
  },
): Check<Snapshot, true> => {
  const readers = policies.filter(({ kind }) => kind.facts === 'counters')
  const rely =
    readers.length === 0 ? 'no policy reads them' : firstNames(readers.map(({ name }) => `"${name}"`)).join(', ')

  const watch = async (first: Snapshot, forMs: number, signal: AbortSignal): Promise<Watched> => {
    const startedAt: Elapsed = clock.elapsed()
    const gapMs = Math.max(minGapMs, forMs / LOOKS)
    let before = countersIn(first)
    const moved = new Set<string>()
    const over = new AbortController()
    for (const end of [signal, enough]) onAborted(end, () => over.abort())
    let [snapshots, updates] = [1, 0]
    while (!over.signal.aborted && msBetween(startedAt, clock.elapsed()) < forMs) {
      await clock.sleep(Math.min(gapMs, forMs - msBetween(startedAt, clock.elapsed())), over.signal)
      if (over.signal.aborted) break
      const now = countersIn(await vpn.snapshot(first.endpointId, signal))
      snapshots++
      const changed = [...now].filter(([id, bytes]) => (before.get(id) ?? bytes) !== bytes)
      if (changed.length > 0) updates++
      for (const [id] of changed) moved.add(id)
      before = now
    }
    return { snapshots, moved, updates, forMs: Math.min(forMs, msBetween(startedAt, clock.elapsed())) }
  }

  return {
    name: 'byte-counters',
    subject,
    extraMs: watchMs ?? 0,
    async ask(snapshot, signal) {
      const active = snapshot.connections.filter(isActive)
      const counters = countersIn(snapshot)
      const expected = 'counters that AWS updates'
      if (active.length === 0) return { finding: notChecked('nobody is connected') }
      if (counters.size < active.length && readers.length > 0) {
        const found = `${count(active.length - counters.size)} of ${plural(active.length, 'connection')} without byte counters, which ${rely} ${readers.length === 1 ? 'needs' : 'need'}`
        const advice = 'such connections stay up under these policies; report it if it lasts'
        return { finding: warning({ found, expected, advice }), value: true }
      }
      if (watchMs === undefined) {
        const because = readers.length === 0 ? rely : `one look does not tell: --watch 5m shows it for ${rely}`
        return { finding: notChecked(because) }
      }
      try {
        const { snapshots, moved, updates, forMs } = await watch(snapshot, watchMs, signal)
        const looked = `in ${formatDuration(forMs)} and ${snapshots} looks`
        if (moved.size > 0) {
          const found = `in ${formatDuration(forMs)} the counters of ${count(moved.size)} of ${plural(active.length, 'connection')} moved, as ${updates} of ${snapshots - 1} later looks showed`
          return { finding: ok(found), value: true }
        }
        if (enough.aborted)
          return {
            finding: notChecked(`the watch was ended after ${formatDuration(forMs)}: no byte counter had moved`),
          }
        const found = `no byte counter of ${plural(active.length, 'connection')} moved ${looked}`
        const advice =
          readers.length === 0
            ? 'AWS updates counters in batches: watch longer, with traffic on a connection'
            : `AWS updates counters in batches: watch longer, with traffic on a connection. While no counter moves, ${rely} ${readers.length === 1 ? 'is' : 'are'} of no use`
        return { finding: warning({ found, expected, advice }), value: true }
      } catch (error) {
        if (!(error instanceof VpnError)) throw error
        return { finding: notChecked(error.message) }
      }
    },
  }
}
