import { MOST_NAMES, type Notification } from '../../app/notification.ts'
import { type Instant, MINUTE, NEVER } from '../../domain/time/instant.ts'
import { LONGEST_OUTBOX, type Outbox } from './outbox.ts'
import { type Gathered, slackText } from './slack-message.ts'

/** Of one event, policy and endpoint a message goes out at once, and the next not sooner than this. */
const APART_MS = MINUTE

type Group = Gathered & { readonly firstAt: Instant }

/** One message a minute for each event, policy and endpoint; what happens in between is gathered into the next. */
export const createSlackOutbox = (): Outbox => {
  const groups = new Map<string, Group>()
  const sentAt = new Map<string, Instant>()
  const dueAtOf = (key: string) => (sentAt.get(key) ?? -NEVER) + APART_MS

  return {
    add(notification) {
      const key = keyOf(notification)
      const group = groups.get(key)
      groups.set(key, joined(group, notification))
      if (group !== undefined || groups.size <= LONGEST_OUTBOX) return 0
      const [oldest = ''] = groups.keys()
      const lost = groups.get(oldest)?.count ?? 0
      groups.delete(oldest)
      return lost
    },

    take(now) {
      // A clock that was set back must not keep a group waiting until the old time comes round again.
      for (const [key, at] of sentAt) if (Math.abs(now - at) >= APART_MS) sentAt.delete(key)
      for (const [key, group] of groups) {
        if (dueAtOf(key) > now) continue
        groups.delete(key)
        sentAt.set(key, now)
        return {
          count: group.count,
          at: group.firstAt,
          body: JSON.stringify({ text: slackText(group) }),
          headers: () => ({ 'content-type': 'application/json; charset=utf-8' }),
        }
      }
      return undefined
    },

    dueAt: () => [...groups.keys()].reduce((earliest, key) => Math.min(earliest, dueAtOf(key)), NEVER),

    clear() {
      const count = [...groups.values()].reduce((sum, group) => sum + group.count, 0)
      groups.clear()
      return count
    },
  }
}

const keyOf = ({ event, policy = '', endpoint }: Notification) => [event, endpoint?.id ?? '', policy].join('\n')

const joined = (group: Group | undefined, notification: Notification): Group => {
  const { at, connections, names } = notification
  if (group === undefined) return { latest: notification, firstAt: at, count: 1, connections, names }
  return {
    latest: notification,
    firstAt: group.firstAt,
    count: group.count + 1,
    connections: group.connections + connections,
    names: [...group.names, ...names].slice(0, MOST_NAMES),
  }
}
