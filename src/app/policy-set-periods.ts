import type { TrailRecord } from './trail-record.ts'

/** The period in which a policy set was in force, by the times of the records. */
export interface PolicySetPeriod {
  readonly policySetHash: string
  readonly from: string
  /** Undefined if the trail does not tell of an end. */
  readonly until: string | undefined
  /** The text of the start or the reload: the mode, and how many policies and endpoints. */
  readonly because: string | undefined
}

/** The events that tell which policy set is in force. */
export const POLICY_SET_EVENTS: readonly string[] = ['start', 'reload', 'stop', 'policy-set']

/**
 * Finds the periods of the policy sets from the records of a trail in their order. A set is in force until the next one,
 * or until a stop. A daemon that was killed has no stop: its set counts until the next start.
 */
export const createPolicySetPeriods = () => {
  const ended: PolicySetPeriod[] = []
  let current: PolicySetPeriod | undefined

  const end = (until: string) => {
    if (current !== undefined) ended.push({ ...current, until })
    current = undefined
  }

  return {
    read({ event, time, because, policySetHash = '' }: TrailRecord): void {
      const isSame = current?.policySetHash === policySetHash
      if (event === 'stop') return end(time)
      // A reload may change nothing that matters here. And the start of a set may be in a file that was removed.
      if (event === 'reload' && isSame && current?.because === because) return
      if (event === 'policy-set' && isSame) return
      end(time)
      current = { policySetHash, from: time, until: undefined, because }
    },
    periods: (): readonly PolicySetPeriod[] => (current === undefined ? ended : [...ended, current]),
  }
}
