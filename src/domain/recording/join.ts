import { fold } from '../names/fold.ts'
import { DAY, type Instant, NEVER } from '../time/instant.ts'
import type { ConnectionRecord } from './connection-record.ts'
import type { RecordedSession, Recording } from './recorded-session.ts'

/** How the records of one connection can disagree. A connection that is left out is no session of the recording. */
export const CONTRADICTIONS = [
  /** Two instants at which it was established. The later counts: a younger session ends later. */
  'two-starts',
  /** Two instants at which it ended. The earlier counts: nothing ends a session that may have been over. */
  'two-ends',
  /** Left out: nobody knows whose session it was. */
  'two-users',
  /** Left out. */
  'two-endpoints',
  /** Left out. */
  'ends-before-start',
  /** Left out: no record tells when it was established. */
  'no-start',
  /** Left out: its attempt failed, and yet it has an end. */
  'no-session',
] as const

export type Contradiction = (typeof CONTRADICTIONS)[number]

/** A recording, with the number of connections whose records disagree. One connection may count for several reasons. */
export interface JoinedRecording extends Recording {
  readonly contradictions: Readonly<Record<Contradiction, number>>
}

/** The records of connections on their way to sessions. A reader keeps each name once: a million records have few of them. */
export interface Join {
  /** The order of the records makes no difference, nor does a record that is added again. */
  add(record: ConnectionRecord): void
  /** The sessions of all records. It ends the join: the sessions are the join's own memory, which can be large. */
  recording(): JoinedRecording
}

/**
 * The longest `SessionTimeoutHours` of an endpoint. A session without an end that is older lost its record of the end: it
 * is over, and only its last update tells until when it was up.
 */
const LONGEST_SESSION_MS = DAY

/** The result of `Math.max` for no instant. */
const UNKNOWN = Number.NEGATIVE_INFINITY

type Draft = { -readonly [Key in keyof RecordedSession]: RecordedSession[Key] }

/** Of two postures, neither counts. */
const UNCLEAR: readonly string[] = []

const byEstablished = (one: RecordedSession, other: RecordedSession): number =>
  one.establishedAt - other.establishedAt || (one.connectionId < other.connectionId ? -1 : 1)

const higher = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? (one ?? other) : Math.max(one, other)

/** Keeps each posture once. */
const createPostures = () => {
  const known = new Map<string, readonly string[]>()
  return (posture: readonly string[]): readonly string[] => {
    const key = posture.join('\n')
    const found = known.get(key) ?? posture
    known.set(key, found)
    return found
  }
}

/**
 * Joins records into sessions by connection id. What is known of a connection only grows: each field takes the latest,
 * the earliest or the only value of its records, so that shuffled and repeated lines give the same sessions.
 */
export const createJoin = (): Join => {
  const drafts = new Map<string, Draft>()
  const failed = new Set<string>()
  const contradicted = new Map(CONTRADICTIONS.map((contradiction) => [contradiction, new Set<string>()]))
  const note = (contradiction: Contradiction, id: string) => contradicted.get(contradiction)?.add(id)
  const isNoted = (contradiction: Contradiction, id: string) => contradicted.get(contradiction)?.has(id) === true
  const samePosture = createPostures()
  let from = NEVER
  /** The last instant of which the records of each endpoint tell. */
  const lastOf = new Map<string, Instant>()

  const tell = ({ endpointId, startedAt, updatedAt, endedAt }: ConnectionRecord) => {
    from = Math.min(from, startedAt ?? NEVER, updatedAt ?? NEVER, endedAt ?? NEVER)
    const last = Math.max(startedAt ?? UNKNOWN, updatedAt ?? UNKNOWN, endedAt ?? UNKNOWN)
    if (last > (lastOf.get(endpointId) ?? UNKNOWN)) lastOf.set(endpointId, last)
  }

  /** The only name. Of its spellings the one that sorts first counts, whichever record comes first. */
  const agreedName = (id: string, one: string | undefined, other: string | undefined) => {
    if (one === undefined || other === undefined || one === other) return one ?? other
    if (fold(one) !== fold(other)) note('two-users', id)
    return one < other ? one : other
  }

  const draftOf = (record: ConnectionRecord): Draft => {
    const { connectionId } = record
    const found = drafts.get(connectionId)
    if (found !== undefined) return found
    const draft: Draft = {
      connectionId,
      endpointId: record.endpointId,
      username: undefined,
      commonName: undefined,
      establishedAt: UNKNOWN,
      endedAt: UNKNOWN,
      begin: 'before',
      end: 'open',
      ingressBytes: undefined,
      egressBytes: undefined,
      posture: undefined,
    }
    drafts.set(connectionId, draft)
    return draft
  }

  const addStart = (draft: Draft, startedAt: Instant | undefined) => {
    if (startedAt === undefined) return
    if (draft.establishedAt !== UNKNOWN && draft.establishedAt !== startedAt) note('two-starts', draft.connectionId)
    draft.establishedAt = Math.max(draft.establishedAt, startedAt)
  }

  /** A recorded end counts before every update. */
  const addEnd = (draft: Draft, { what, updatedAt = UNKNOWN, endedAt }: ConnectionRecord) => {
    const isEnded = draft.end === 'recorded'
    if (endedAt === undefined) {
      if (what === 'end' && !isEnded) draft.end = 'last-update'
      if (!isEnded) draft.endedAt = Math.max(draft.endedAt, updatedAt)
      return
    }
    if (isEnded && draft.endedAt !== endedAt) note('two-ends', draft.connectionId)
    draft.endedAt = isEnded ? Math.min(draft.endedAt, endedAt) : endedAt
    draft.end = 'recorded'
  }

  const addFacts = (draft: Draft, record: ConnectionRecord) => {
    const { connectionId } = draft
    if (draft.endpointId !== record.endpointId) note('two-endpoints', connectionId)
    draft.username = agreedName(connectionId, draft.username, record.username)
    draft.commonName = agreedName(connectionId, draft.commonName, record.commonName)
    const posture = record.posture && samePosture(record.posture)
    if (posture !== undefined) draft.posture = (draft.posture ?? posture) === posture ? posture : UNCLEAR
    // The counters of a begin are those of its first instant, not of the end.
    if (record.what !== 'end') return
    draft.ingressBytes = higher(draft.ingressBytes, record.ingressBytes)
    draft.egressBytes = higher(draft.egressBytes, record.egressBytes)
  }

  /** Completes a draft. False if it is no session. */
  const complete = (draft: Draft): boolean => {
    const { connectionId, endpointId, establishedAt } = draft
    if (draft.posture === UNCLEAR) draft.posture = undefined
    if (isNoted('two-users', connectionId) || isNoted('two-endpoints', connectionId)) return false
    if (draft.begin === 'before' && failed.has(connectionId)) note('no-session', connectionId)
    else if (establishedAt === UNKNOWN) note('no-start', connectionId)
    else if (draft.end === 'recorded' && draft.endedAt < establishedAt) note('ends-before-start', connectionId)
    else {
      const last = lastOf.get(endpointId) ?? establishedAt
      const isOpen = draft.end === 'open' && last - establishedAt < LONGEST_SESSION_MS
      if (!isOpen && draft.end === 'open') draft.end = 'last-update'
      draft.endedAt = isOpen ? last : Math.max(establishedAt, draft.endedAt)
      return true
    }
    return false
  }

  return {
    add(record) {
      // A failed attempt and a step of a login tell nothing of any time: one line with a wrong time, or of somebody who
      // tries again long after the last session, would end the sessions that are open, or make the period longer.
      if (record.what === 'failed') failed.add(record.connectionId)
      if (record.what === 'failed' || record.what === 'login-step') return
      tell(record)
      if (record.what === 'shown') return
      const draft = draftOf(record)
      if (record.what === 'begin') draft.begin = 'recorded'
      addStart(draft, record.startedAt)
      addEnd(draft, record)
      addFacts(draft, record)
    },
    recording() {
      const sessions: RecordedSession[] = []
      for (const draft of drafts.values()) if (complete(draft)) sessions.push(draft)
      // Of a million sessions, the ids of both take 80 MB.
      drafts.clear()
      failed.clear()
      const counted = CONTRADICTIONS.map((contradiction) => [contradiction, contradicted.get(contradiction)?.size ?? 0])
      return {
        from,
        to: Math.max(UNKNOWN, ...lastOf.values()),
        sessions: sessions.sort(byEstablished),
        contradictions: Object.fromEntries(counted) as Record<Contradiction, number>,
      }
    },
  }
}
