import { hashOf, readLink } from '../../src/adapters/audit/audit-line.ts'
import type { State } from '../../src/app/state.ts'
import type { TerminateTarget } from '../../src/app/vpn.ts'
import type { Rate } from '../../src/domain/terminate/token-bucket.ts'
import { type Instant, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import type { Unit } from './database.ts'
import type { Invariants, Life } from './invariants.ts'
import { nameOf } from './specs.ts'
import type { Timeline } from './timeline.ts'
import { type Line, linesOf } from './trail.ts'

/** One tenure of a unit in one process, with the facts that the checks need. */
export interface TenureLife extends Life {
  readonly unit: string
  readonly epoch: number
  readonly replica: string
}

/** A cooldown of the world's policies, if they have one. */
const COOLDOWN_MS = 10 * MINUTE

const keyOf = (endpointId: string, selector: string, name: string) => `${endpointId} ${selector} ${name}`

/** Checks what replicas promise for one unit, whoever has it, and throws if a promise is broken. */
export const createUnitInvariants = (unit: Unit, invariants: Invariants, rate: Rate, timeline: Timeline) => {
  const { fail } = invariants
  /** The ids of the calls with an intent, by tenure and call. */
  const intents = new Map<string, Set<string>>()
  const calls = new Map<string, number>()
  const tokensOf = new Set<string>()
  let tokens = rate.burst
  let countedAt: Instant = timeline.now()
  /** The edit of the files by which the unit was judged last. */
  let judgedBy = 0
  /** The state that the last tenure but this one saved last. */
  let before: { readonly epoch: number; readonly state: State } | undefined
  let latest: { readonly epoch: number; readonly state: State } | undefined

  const checkCarried = ({ policySetHash, endpoints }: State, earlier: State) => {
    // An edit may change what the same name means.
    if (policySetHash !== earlier.policySetHash) return
    const now = timeline.now()
    const policies = invariants.inForce().at(-1)?.policies ?? []
    const cooling = policies.flatMap((spec, index) => (spec.cooldownMinutes > 0 ? [nameOf(spec, index)] : []))
    for (const [key, memory] of Object.entries(earlier.endpoints)) {
      const next = endpoints[key]
      if (next === undefined) return fail('a takeover carries over what was remembered', `nothing is left of ${key}`)
      for (const [policy, ofPolicy] of Object.entries(memory.graceStarted)) {
        for (const [id, at] of Object.entries(ofPolicy)) {
          const nextAt = next.graceStarted[policy]?.[id]
          if (nextAt !== undefined && nextAt > at)
            fail('a takeover carries over what was remembered', `the grace of ${id} under ${policy} began anew`)
        }
      }
      for (const [policy, ofPolicy] of Object.entries(memory.terminated)) {
        // A policy whose cooldown an edit has removed remembers the old ones until its next judgement.
        if (!cooling.includes(policy)) continue
        for (const [principal, at] of Object.entries(ofPolicy)) {
          if (now < at + COOLDOWN_MS - MINUTE && next.terminated[policy]?.[principal] === undefined)
            fail('a takeover carries over what was remembered', `the cooldown of ${principal} under ${policy} is gone`)
        }
      }
    }
  }

  return {
    /** A tenure was granted. `isNewer`: another member has newer files than its replica, and long has. */
    granted(isNewer: boolean): void {
      if (isNewer) fail('a rolling edit is one edit', `${unit.key} went to a replica with older files`)
    },

    /** The unit is judged by the files of the n-th edit. Others forget what their policies do not remember. */
    judged(edit: number): void {
      if (edit !== judgedBy) [before, latest] = [undefined, undefined]
      judgedBy = edit
    },

    recorded(epoch: number, text: string): void {
      for (const line of linesOf(`${text}\n`) as readonly Line[]) {
        const { event, call, endpointId = '', connectionId = '', username = '' } = line
        if (event !== 'intent' || call === undefined) continue
        const key = `${epoch} ${keyOf(endpointId, call.selector, call.selector === 'username' ? username : connectionId)}`
        intents.set(key, (intents.get(key) ?? new Set()).add(call.id))
      }
    },

    /** A tenure asks for the record of an intent: its queue has taken a token for the call. */
    intends(callId: string): void {
      if (tokensOf.has(callId)) return
      tokensOf.add(callId)
      const now = timeline.now()
      tokens = Math.min(rate.burst, tokens + ((now - countedAt) / SECOND) * rate.perSecond)
      countedAt = now
      if (tokens < 1 - 1e-6) fail('calls never exceed the rate', `only ${tokens} tokens of ${unit.key} were left`)
      tokens -= 1
    },

    /** The bytes of a call leave. */
    leaves({ epoch, replica }: TenureLife, target: TerminateTarget): void {
      const selector = 'connectionId' in target ? 'connection-id' : 'username'
      const name = 'connectionId' in target ? target.connectionId : target.username
      const what = `${selector} ${name} of ${unit.key}, by ${replica} in tenure ${epoch}`
      if (unit.epoch !== epoch)
        fail('no call leaves after a newer tenure was granted', `${what}: the newest is ${unit.epoch}`)
      const key = `${epoch} ${keyOf(target.endpointId, selector, name)}`
      const count = (calls.get(key) ?? 0) + 1
      calls.set(key, count)
      if ((intents.get(key)?.size ?? 0) < count) fail('every call has an intent of its tenure', what)
    },

    saved(epoch: number): void {
      if (unit.epoch !== epoch)
        fail('no state of an older tenure replaces a newer one', `${unit.key}: ${epoch} after ${unit.epoch}`)
      const state = JSON.parse(unit.state ?? '{}') as State
      if (latest?.epoch !== epoch) before = latest
      latest = { epoch, state }
      if (before !== undefined) checkCarried(state, before.state)
    },

    /** Recomputes the whole chain. */
    chain(): void {
      let hash = '0'.repeat(64)
      for (const [index, line] of unit.lines.entries()) {
        const link = readLink(line)
        if (link?.seq !== index + 1 || link.prev !== hash)
          return fail('chains are whole', `line ${index + 1} of ${unit.key}`)
        hash = hashOf(line)
      }
    },
  }
}
