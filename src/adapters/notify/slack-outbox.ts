import { MOST_NAMES, type Notification } from '../../app/notification.ts'
import { type Elapsed, LONG_AGO, msBetween } from '../../domain/time/elapsed.ts'
import { MINUTE } from '../../domain/time/instant.ts'
import { type HttpRequest, LONGEST_OUTBOX, NOTHING, type Outbox, together, warningsOf } from './outbox.ts'
import { type Gathered, slackText } from './slack-message.ts'

/** The shortest time between two messages of the same event, policy and endpoint. The first is sent at once. */
const MESSAGE_GAP_MS = MINUTE

const JSON_HEADERS = { 'content-type': 'application/json; charset=utf-8' }

type Group = Gathered & { readonly firstAt: Elapsed }

/** One message a minute for each event, policy and endpoint. It contains all notifications since the previous one. */
export const createSlackOutbox = (): Outbox<HttpRequest> => {
  const groups = new Map<string, Group>()
  const sentAt = new Map<string, Elapsed>()
  const msUntil = (key: string, now: Elapsed) =>
    Math.max(0, MESSAGE_GAP_MS - msBetween(sentAt.get(key) ?? LONG_AGO, now))

  return {
    add(notification, now) {
      const key = keyOf(notification)
      const group = groups.get(key)
      groups.set(key, merge(group, notification, now))
      if (group !== undefined || groups.size <= LONGEST_OUTBOX) return NOTHING
      const [oldest = ''] = groups.keys()
      const dropped = groups.get(oldest) ?? NOTHING
      groups.delete(oldest)
      return dropped
    },

    take(now) {
      for (const key of sentAt.keys()) if (msUntil(key, now) === 0) sentAt.delete(key)
      for (const [key, group] of groups) {
        if (msUntil(key, now) > 0) continue
        groups.delete(key)
        sentAt.set(key, now)
        const { count, warnings, firstAt } = group
        return {
          countedFrom: firstAt,
          prepare: (at) => {
            const body = JSON.stringify({ text: slackText(group, at) })
            return { count, warnings, late: NOTHING, request: { body, headers: JSON_HEADERS } }
          },
        }
      }
      return undefined
    },

    msUntilDue: (now) => Math.min(...[...groups.keys()].map((key) => msUntil(key, now))),

    clear() {
      const held = together([...groups.values()])
      groups.clear()
      return held
    },
  }
}

const keyOf = ({ event, policy, endpoint }: Notification) =>
  JSON.stringify([event, endpoint?.region, endpoint?.id, policy])

const merge = (group: Group | undefined, notification: Notification, now: Elapsed): Group => {
  const { connections, names } = notification
  const warnings = warningsOf(notification)
  const endsAt = notification.warning?.endsAt
  if (group === undefined) {
    return { latest: notification, firstAt: now, count: 1, connections, names, warnings, firstEndsAt: endsAt }
  }
  return {
    latest: notification,
    firstAt: group.firstAt,
    count: group.count + 1,
    connections: group.connections + connections,
    names: [...group.names, ...names].slice(0, MOST_NAMES),
    warnings: [...group.warnings, ...warnings].slice(0, MOST_NAMES),
    firstEndsAt: endsAt === undefined ? group.firstEndsAt : Math.min(endsAt, group.firstEndsAt ?? endsAt),
  }
}
