/** How far a unit has come. Neither number ever goes down, unless an older backup is restored. */
export interface Progress {
  readonly epoch: number
  readonly seq: number
}

/** What a replica remembers of the database. */
export interface Seen {
  readonly incarnation: string
  /** The earlier incarnations. A database that shows one of them again is older than what was seen. */
  readonly past: readonly string[]
  /** By the key of the unit. */
  readonly units: Readonly<Record<string, Progress>>
}

/** The database as it shows itself now. A remembered unit that it does not know has no progress there. */
export interface Shown {
  readonly incarnation: string
  readonly units: ReadonlyMap<string, Progress>
}

/**
 * In what the database is behind what was seen. Undefined if it is not. `wanted`: the units that were looked up; what
 * is remembered of others is not compared.
 */
export const behind = (seen: Seen | undefined, shown: Shown, wanted: readonly string[]): string | undefined => {
  if (seen === undefined) return undefined
  if (seen.past.includes(shown.incarnation)) return 'it is an earlier one, from before an operator accepted it'
  if (seen.incarnation !== shown.incarnation) return undefined
  for (const unit of wanted) {
    const before = seen.units[unit]
    if (before === undefined) continue
    const { epoch, seq } = shown.units.get(unit) ?? { epoch: 0, seq: 0 }
    if (epoch < before.epoch) return `the epoch of the unit "${unit}" is ${epoch}, and was ${before.epoch}`
    if (seq < before.seq) return `the audit trail of the unit "${unit}" ends at ${seq}, and ended at ${before.seq}`
  }
  return undefined
}

/** What is remembered after the database was found not to be behind. */
export const remembered = (seen: Seen | undefined, shown: Shown): Seen => {
  // A unit that is shown may have more than what is remembered of it.
  const progress = Object.fromEntries([...shown.units].map(([unit, { epoch, seq }]) => [unit, { epoch, seq }]))
  if (seen === undefined || seen.incarnation === shown.incarnation) {
    return { incarnation: shown.incarnation, past: seen?.past ?? [], units: { ...seen?.units, ...progress } }
  }
  // Of a database that an operator has accepted, nothing was seen yet.
  return {
    incarnation: shown.incarnation,
    past: [...seen.past, seen.incarnation],
    units: progress,
  }
}

/** Keeps what was seen from one process to the next. */
export interface SeenStore {
  /** Undefined if nothing was kept. Rejects if it cannot be read. */
  load(): Promise<Seen | undefined>
  /** Rejects if it cannot be kept: what this process remembers still counts. */
  save(seen: Seen): Promise<void>
}
