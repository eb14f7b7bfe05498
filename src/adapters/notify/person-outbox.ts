import { randomUUID } from 'node:crypto'
import type { Notification, Warning } from '../../app/notification.ts'
import type { PersonNews } from '../../app/person-message.ts'
import { createHeap } from '../../domain/heap.ts'
import { fold } from '../../domain/names/fold.ts'
import { type Elapsed, elapsedAt, isBefore, LONG_AGO, later, msBetween, plusMs } from '../../domain/time/elapsed.ts'
import { type Instant, MINUTE, SECOND } from '../../domain/time/instant.ts'
import { type Contents, NOTHING, type Outbox, type Parcel, together } from './outbox.ts'

/** The most persons who may wait for a message: more than the largest endpoint has connections. Each costs 2 kB. */
export const MOST_PERSONS = 150_000

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

/** What a message says of one connection and policy. A later warning takes the place of an earlier one. */
interface Entry {
  news: PersonNews
  warning: Warning | undefined
  count: number
}

/** Everything that one person is to be told. A wave has 126,000 of them: what is small stays small. */
interface Group {
  readonly key: string
  readonly address: string
  readonly firstAt: Elapsed
  /** Undefined until the first attempt. */
  readonly tried: { readonly id: string; readonly at: Elapsed } | undefined
  readonly entries: Entry[]
  /** How many notifications there is no entry for. */
  more: number
  /** When it must be sent, although the person got a message before. */
  urgentAt: Elapsed
  readonly notBefore: Elapsed
  /** The newest places in the two orders. Earlier places are void. */
  due: Place | undefined
  end: Place | undefined
}

interface Place {
  readonly group: Group
  /** Milliseconds. In the order of what is due, until then nothing is sent; in the order of ends, the first end. */
  readonly at: number
  /** Among equal ones, whoever waits longest is first. */
  readonly order: number
}

const before = (one: Place, other: Place) => one.at < other.at || (one.at === other.at && one.order < other.order)

/**
 * One message for each person, with all news of the person's connections since the previous message. Of those that are
 * due, the message about the earliest end is sent first; one that only tells of the past is sent after all warnings. A
 * warning whose session has ended is not sent.
 */
export const createPersonOutbox = (options: {
  readonly addressOf: (principal: NonNullable<Notification['principal']>) => string | undefined
  /** Called for each notification of a person without an address. */
  readonly withoutAddress: (notification: Notification) => void
}): Outbox<Letter> => {
  const { addressOf, withoutAddress } = options
  /** By folded address: mail servers ignore its case, and Slack does. */
  const groups = new Map<string, Group>()
  /** In the order of time. */
  const sentAt = new Map<string, Elapsed>()
  const waiting = createHeap(before)
  const due = createHeap(before)
  let placed = 0

  const dueAt = ({ key, firstAt, urgentAt, notBefore }: Group): Elapsed => {
    const gapEnd = plusMs(sentAt.get(key) ?? LONG_AGO, MESSAGE_GAP_MS)
    return later(plusMs(firstAt, GATHER_MS), notBefore, isBefore(gapEnd, urgentAt) ? gapEnd : urgentAt)
  }

  /** Puts a group into its place, or into an earlier one. */
  const place = (group: Group): void => {
    const [at, order] = [msBetween(ORIGIN, dueAt(group)), placed++]
    if (group.end !== undefined) {
      const end = endOf(group)
      if (end < group.end.at) due.add((group.end = { group, at: end, order: group.end.order }))
    } else if (group.due === undefined || at < group.due.at) {
      waiting.add((group.due = { group, at, order }))
    }
  }

  const dropVoid = () => {
    while (waiting.first !== undefined && waiting.first.group.due !== waiting.first) waiting.take()
    while (due.first !== undefined && due.first.group.end !== due.first) due.take()
  }

  const remove = (group: Group) => {
    groups.delete(group.key)
    group.due = undefined
    group.end = undefined
  }

  const parcelOf = (group: Group, id: string, countedFrom: Elapsed): Parcel<Letter> => ({
    countedFrom,
    prepare(now) {
      const late = dropLate(group, now)
      const { address, entries, more } = group
      const request =
        entries.length === 0 ? undefined : { id, address, news: entries.map(({ news }) => news), more, now }
      return { ...contentsOf(group), late, request }
    },
    putBack(until) {
      const newer = groups.get(group.key)
      if (newer !== undefined) remove(newer)
      const entries = [...group.entries]
      for (const { news, warning, count } of newer?.entries ?? []) put(entries, news, warning, count)
      const again: Group = {
        ...group,
        entries,
        tried: { id, at: countedFrom },
        more: group.more + (newer?.more ?? 0),
        notBefore: until,
        due: undefined,
        end: undefined,
      }
      groups.set(group.key, again)
      place(again)
    },
  })

  return {
    add(notification, now) {
      const { person: news, principal, warning, at } = notification
      if (news === undefined || principal === undefined) return NOTHING
      const address = addressOf(principal)
      if (address === undefined) {
        withoutAddress(notification)
        return NOTHING
      }
      const key = fold(address)
      const known = groups.get(key)
      if (known === undefined && groups.size >= MOST_PERSONS) {
        return { count: 1, warnings: warning === undefined ? [] : [warning] }
      }
      const group: Group = known ?? {
        key,
        address,
        firstAt: now,
        tried: undefined,
        entries: [{ news, warning, count: 1 }],
        more: 0,
        urgentAt: plusMs(now, MESSAGE_GAP_MS),
        notBefore: LONG_AGO,
        due: undefined,
        end: undefined,
      }
      if (known === undefined) groups.set(key, group)
      else if (!put(known.entries, news, warning, 1, MOST_NEWS)) known.more++
      if (news.event === 'warning') {
        const halfway = plusMs(now, Math.max(0, (news.endsAt - at) / 2))
        if (isBefore(halfway, group.urgentAt)) group.urgentAt = halfway
      }
      place(group)
      return NOTHING
    },

    take(now) {
      for (const [key, at] of sentAt) {
        if (msBetween(at, now) < MESSAGE_GAP_MS) break
        sentAt.delete(key)
      }
      dropVoid()
      for (let next = waiting.first; next !== undefined && next.at <= msBetween(ORIGIN, now); next = waiting.first) {
        const { group, order } = next
        due.add((group.end = { group, at: endOf(group), order }))
        waiting.take()
        dropVoid()
      }
      const group = due.take()?.group
      if (group === undefined) return undefined
      remove(group)
      sentAt.delete(group.key)
      sentAt.set(group.key, now)
      const { id, at } = group.tried ?? { id: randomUUID(), at: now }
      return parcelOf(group, id, at)
    },

    msUntilDue(now) {
      dropVoid()
      if (due.first !== undefined) return 0
      const { first } = waiting
      return first === undefined ? Number.POSITIVE_INFINITY : Math.max(0, first.at - msBetween(ORIGIN, now))
    },

    clear() {
      const held = together([...groups.values()].map(contentsOf))
      groups.clear()
      waiting.clear()
      due.clear()
      return held
    },
  }
}

const ORIGIN = elapsedAt(0)

const contentsOf = ({ entries, more }: Group): Contents => ({
  count: entries.reduce((sum, { count }) => sum + count, more),
  warnings: entries.flatMap(({ warning }) => warning ?? []),
})

/** The earliest end that a person is warned of; infinite if there is none. */
const endOf = ({ entries }: Group): Instant =>
  entries.reduce(
    (first, { news }) => (news.event === 'warning' ? Math.min(first, news.endsAt) : first),
    Number.POSITIVE_INFINITY,
  )

/** Adds the news, or replaces older news. Returns whether there was room. */
const put = (
  entries: Entry[],
  news: PersonNews,
  warning: Warning | undefined,
  count: number,
  most = Number.POSITIVE_INFINITY,
): boolean => {
  const older = entries.find(
    ({ news: { connectionId, policy } }) => connectionId === news.connectionId && policy === news.policy,
  )
  if (older !== undefined) Object.assign(older, { news, warning, count: older.count + count })
  else if (entries.length < most) entries.push({ news, warning, count })
  else return false
  return true
}

/** Removes the warnings of sessions that have ended, and returns them. */
const dropLate = (group: Group, now: Instant): Contents => {
  const isLate = ({ news }: Entry) => news.event === 'warning' && now >= news.endsAt
  const late = group.entries.filter(isLate)
  if (late.length === 0) return NOTHING
  const kept = group.entries.filter((entry) => !isLate(entry))
  group.entries.splice(0, Number.POSITIVE_INFINITY, ...kept)
  const contents = contentsOf({ ...group, entries: late, more: kept.length === 0 ? group.more : 0 })
  if (kept.length === 0) group.more = 0
  return contents
}
