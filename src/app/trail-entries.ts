import { DAY, type Instant } from '../domain/time/instant.ts'
import type { TrailRecord } from './trail-record.ts'

/** One call for a connection, as its intent tells. */
interface TrailCall {
  readonly id: string
  readonly selector: string
  readonly intentAt: string
  readonly seq: number
  readonly policy: string | undefined
}

/** The outcome of a call, or of all of them. */
interface TrailResult {
  readonly at: string
  readonly outcome: string
  readonly callId: string | undefined
  readonly requestId: string | undefined
  readonly seq: number
}

/** The story of one termination: from the first intent to the outcome that ends it. */
export interface TrailTermination {
  readonly entry: 'termination'
  /** The newest record. Another policy may have taken the lead since the first one. */
  readonly last: TrailRecord
  readonly calls: readonly TrailCall[]
  readonly results: readonly TrailResult[]
}

/** Any other record. */
export interface TrailEvent {
  readonly entry: 'event'
  readonly record: TrailRecord
}

export type TrailEntry = TrailTermination | TrailEvent

/** The events of a termination. */
export const TERMINATION_EVENTS: readonly string[] = ['intent', 'outcome', 'gave-up']

/** The outcomes after which nothing follows for a connection. `accepted` is that of one that another's call has ended. */
const LAST_OUTCOMES = new Set(['confirmed', 'already-gone', 'accepted'])

/**
 * How long a story waits for its outcome. A connection that is given up again and again has a story for each day. Without a
 * bound one call that was withdrawn would keep the whole trail in memory.
 */
export const LONGEST_STORY_MS = DAY

interface Waiting {
  entry: TrailEntry
  readonly startedAt: Instant
  /** The connection of a termination without a last outcome. */
  key: string | undefined
  isWanted: boolean
}

/**
 * Puts the records of each termination together, and gives `emit` the entries in the order of their first records.
 * An entry is emitted if `isWanted` holds for one of its records.
 */
export const createTrailEntries = (
  isWanted: (record: TrailRecord, at: Instant) => boolean,
  emit: (entry: TrailEntry) => void,
): { readonly read: (record: TrailRecord) => void; readonly end: () => void } => {
  /** In the order of their first records. The first `emitted` of them are over. */
  let waiting: Waiting[] = []
  let emitted = 0
  let newestAt = -Infinity
  const open = new Map<string, Waiting>()

  const emitUntil = (isOver: (one: Waiting) => boolean) => {
    for (let one = waiting[emitted]; one !== undefined && isOver(one); one = waiting[++emitted]) {
      if (one.key !== undefined) open.delete(one.key)
      if (one.isWanted) emit(one.entry)
    }
    // To remove the first of a long list each time would take too long.
    if (emitted > 1000 && emitted * 2 > waiting.length) {
      waiting = waiting.slice(emitted)
      emitted = 0
    }
  }

  const termination = (record: TrailRecord, at: Instant): Waiting => {
    const key = `${record.region} ${record.endpointId} ${record.connectionId}`
    const known = open.get(key)
    const entry = withRecord(known?.entry, record)
    const found = known ?? { entry, startedAt: at, key, isWanted: false }
    found.entry = entry
    if (known === undefined) {
      open.set(key, found)
      waiting.push(found)
    }
    if (record.event !== 'intent' && LAST_OUTCOMES.has(record.outcome ?? '')) {
      open.delete(key)
      found.key = undefined
    }
    return found
  }

  return {
    read(record) {
      const at = Date.parse(record.time)
      newestAt = Math.max(newestAt, at)
      const isWantedNow = isWanted(record, at)
      if (TERMINATION_EVENTS.includes(record.event)) {
        const found = termination(record, at)
        found.isWanted ||= isWantedNow
      } else if (isWantedNow) {
        waiting.push({ entry: { entry: 'event', record }, startedAt: at, key: undefined, isWanted: true })
      }
      emitUntil(({ key, startedAt }) => key === undefined || newestAt - startedAt > LONGEST_STORY_MS)
    },
    /** Call it after the last record. */
    end: () => emitUntil(() => true),
  }
}

const withRecord = (before: TrailEntry | undefined, record: TrailRecord): TrailTermination => {
  const { calls, results } = before?.entry === 'termination' ? before : { calls: [], results: [] }
  const { seq, time, call, policy, requestId, outcome = record.event } = record
  if (record.event === 'intent') {
    const { id = '', selector = '' } = call ?? {}
    return {
      entry: 'termination',
      last: record,
      calls: [...calls, { id, selector, intentAt: time, seq, policy }],
      results,
    }
  }
  const result = { at: time, outcome, callId: call?.id, requestId, seq }
  return { entry: 'termination', last: record, calls, results: [...results, result] }
}

/** The outcome of a termination, as far as the trail tells: the newest one. Undefined before the first one. */
export const outcomeOf = ({ results }: TrailTermination): string | undefined => results.at(-1)?.outcome
