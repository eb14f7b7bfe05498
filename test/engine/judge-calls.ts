/** A Terminate call as AWS received it. */
export interface Call {
  /** The access key of the replica. */
  readonly key: string
  readonly unit: string
  readonly endpointId: string
  readonly connectionId: string | undefined
  readonly username: string | undefined
  /** By the clock of this machine, as the other instants. Rounded up to the millisecond. */
  readonly arrivedAt: number
}

/** A tenure, from the table of units. */
export interface Grant {
  readonly unit: string
  readonly epoch: number
  /** The access key of the replica. */
  readonly key: string
  readonly grantedAt: number
}

export interface Intent {
  readonly unit: string
  readonly epoch: number
  readonly callId: string
  readonly endpointId: string
  readonly connectionId: string
  /** Undefined for a call by connection id. */
  readonly username: string | undefined
  readonly committedAt: number
}

const targetOf = ({ unit, endpointId, connectionId, username }: Omit<Call, 'key' | 'arrivedAt'>): string =>
  `${unit} ${endpointId} ${username === undefined ? connectionId : `user ${username}`}`

const grouped = <Value>(values: readonly Value[], keyOf: (value: Value) => string): ReadonlyMap<string, Value[]> => {
  const groups = new Map<string, Value[]>()
  for (const value of values) groups.set(keyOf(value), [...(groups.get(keyOf(value)) ?? []), value])
  return groups
}

/**
 * What is wrong with the calls: one without an intent of its own that was committed before it arrived, by the replica and in
 * the epoch of the newest tenure; or one that arrived after a newer tenure was granted. A replica that was killed may have
 * sent a call before that arrives after it.
 */
export const judgeCalls = (
  calls: readonly Call[],
  grants: readonly Grant[],
  intents: readonly Intent[],
  killedAt: (key: string) => number | undefined,
): readonly string[] => {
  const mistakes: string[] = []
  const intentsOf = grouped(intents, targetOf)
  const grantsOf = grouped(grants, ({ unit }) => unit)
  const counts = new Map<string, number>()
  for (const call of calls.toSorted((a, b) => a.arrivedAt - b.arrivedAt)) {
    const target = targetOf(call)
    const count = (counts.get(target) ?? 0) + 1
    counts.set(target, count)
    const text = `call ${count} of ${call.key} for ${target} at ${call.arrivedAt}`
    const before = (grantsOf.get(call.unit) ?? []).filter(({ grantedAt }) => grantedAt <= call.arrivedAt)
    const newest = before.reduce<Grant | undefined>((a, b) => (a === undefined || b.epoch > a.epoch ? b : a), undefined)
    const own = before.filter(({ key }) => key === call.key).map(({ epoch }) => epoch)
    const wasKilled = (killedAt(call.key) ?? Infinity) <= call.arrivedAt
    if (newest?.key !== call.key && !wasKilled) {
      mistakes.push(`${text}: epoch ${newest?.epoch} had been granted to ${newest?.key} at ${newest?.grantedAt}`)
    }
    const committed = (intentsOf.get(target) ?? []).filter(({ committedAt }) => committedAt <= call.arrivedAt)
    if (new Set(committed.map(({ callId }) => callId)).size < count) {
      mistakes.push(`${text}: no intent of its own was committed before`)
    }
    if (!committed.some(({ epoch }) => epoch === Math.max(...own))) {
      mistakes.push(`${text}: no intent in its epoch was committed before`)
    }
  }
  return mistakes
}
