import { randomUUID } from 'node:crypto'
import type { Notification, Warning } from '../../app/notification.ts'
import type { PersonNews } from '../../app/person-message.ts'
import { type Elapsed, isBefore, LONG_AGO, later, msBetween, plusMs } from '../../domain/time/elapsed.ts'
import { type Instant, MINUTE, SECOND } from '../../domain/time/instant.ts'
import { LONGEST_OUTBOX, type Outbox, type Parcel } from './outbox.ts'

/** How long a message waits for more news of the same person. The connections of one person often end together. */
const GATHER_MS = 2 * SECOND

/** The shortest time between two messages to a person, unless a session would end before. */
const MESSAGE_GAP_MS = MINUTE

/** The most sessions that one message describes. */
const MOST_NEWS = 10

/** A message to one person. Its text is made when it is sent. */
export interface Letter {
  /** The same for each attempt. */
  readonly id: string
  readonly address: string
  readonly news: readonly PersonNews[]
  /** How many more sessions there are. */
  readonly more: number
  readonly now: Instant
}

interface Entry {
  readonly news: PersonNews
  readonly warning: Warning | undefined
  readonly count: number
}

/** Everything that one person is to be told. */
interface Group {
  readonly id: string
  readonly firstAt: Elapsed
  /** One entry for each connection and policy: a later warning takes the place of an earlier one. */
  entries: Map<string, Entry>
  /** How many notifications there is no entry for. */
  more: number
  /** When it must be sent, although the person got a message before. */
  urgentAt: Elapsed
  notBefore: Elapsed
}

/**
 * One message for each person, with all news of the person's connections since the previous message. A warning whose
 * session has ended is not sent.
 */
export const createPersonOutbox = (options: {
  readonly addressOf: (principal: NonNullable<Notification['principal']>) => string | undefined
  /** Called for each notification of a person without an address. */
  readonly withoutAddress: (news: PersonNews) => void
}): Outbox<Letter> => {
  const { addressOf, withoutAddress } = options
  /** By address. */
  const groups = new Map<string, Group>()
  const sentAt = new Map<string, Elapsed>()

  const dueAt = (address: string, { firstAt, urgentAt, notBefore }: Group): Elapsed => {
    const gapEnd = plusMs(sentAt.get(address) ?? LONG_AGO, MESSAGE_GAP_MS)
    return later(plusMs(firstAt, GATHER_MS), notBefore, isBefore(gapEnd, urgentAt) ? gapEnd : urgentAt)
  }

  const dropOldest = (): number => {
    const [oldest = ''] = groups.keys()
    const group = groups.get(oldest)
    groups.delete(oldest)
    return group === undefined ? 0 : countOf(group)
  }

  const parcelOf = (address: string, group: Group): Parcel<Letter> => ({
    addedAt: group.firstAt,
    prepare(now) {
      const late = dropLate(group, now)
      const entries = [...group.entries.values()]
      return {
        late,
        count: countOf(group),
        warnings: entries.flatMap(({ warning }) => warning ?? []),
        request:
          entries.length === 0
            ? undefined
            : { id: group.id, address, news: entries.map(({ news }) => news), more: group.more, now },
      }
    },
    putBack(until) {
      const newer = groups.get(address)
      const entries = new Map(group.entries)
      for (const [key, entry] of newer?.entries ?? []) {
        entries.set(key, { ...entry, count: entry.count + (entries.get(key)?.count ?? 0) })
      }
      groups.set(address, { ...group, entries, more: group.more + (newer?.more ?? 0), notBefore: until })
    },
  })

  return {
    add({ person: news, principal, warning, at }, now) {
      if (news === undefined || principal === undefined) return 0
      const address = addressOf(principal)
      if (address === undefined) {
        withoutAddress(news)
        return 0
      }
      const group: Group = groups.get(address) ?? {
        id: randomUUID(),
        firstAt: now,
        entries: new Map(),
        more: 0,
        urgentAt: plusMs(now, MESSAGE_GAP_MS),
        notBefore: LONG_AGO,
      }
      groups.set(address, group)
      const key = JSON.stringify([news.connectionId, news.policy])
      const before = group.entries.get(key)
      if (before === undefined && group.entries.size >= MOST_NEWS) group.more++
      else group.entries.set(key, { news, warning, count: (before?.count ?? 0) + 1 })
      if (news.event === 'warning') {
        const halfway = plusMs(now, Math.max(0, (news.endsAt - at) / 2))
        if (isBefore(halfway, group.urgentAt)) group.urgentAt = halfway
      }
      return groups.size > LONGEST_OUTBOX ? dropOldest() : 0
    },

    take(now) {
      for (const [address, at] of sentAt) if (msBetween(at, now) >= MESSAGE_GAP_MS) sentAt.delete(address)
      for (const [address, group] of groups) {
        if (isBefore(now, dueAt(address, group))) continue
        groups.delete(address)
        sentAt.set(address, now)
        return parcelOf(address, group)
      }
      return undefined
    },

    msUntilDue(now) {
      let ms = Number.POSITIVE_INFINITY
      for (const [address, group] of groups) ms = Math.min(ms, Math.max(0, msBetween(now, dueAt(address, group))))
      return ms
    },

    clear() {
      const count = [...groups.values()].reduce((sum, group) => sum + countOf(group), 0)
      groups.clear()
      return count
    },
  }
}

const countOf = ({ entries, more }: Group): number =>
  [...entries.values()].reduce((sum, { count }) => sum + count, more)

/** Removes the warnings of sessions that have ended. Returns how many notifications they were. */
const dropLate = (group: Group, now: Instant): number => {
  let late = 0
  for (const [key, { news, count }] of group.entries) {
    if (news.event !== 'warning' || now < news.endsAt) continue
    group.entries.delete(key)
    late += count
  }
  if (group.entries.size > 0) return late
  late += group.more
  group.more = 0
  return late
}
