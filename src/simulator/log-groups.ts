import type { Instant } from '../domain/time/instant.ts'

/** The log group of an account and Region. */
export interface LogGroupPlace {
  readonly account: string
  readonly region: string
  readonly name: string
}

export interface StoredEvent {
  readonly publishedAt: Instant
  readonly message: string
}

/** The log groups of all accounts and Regions. */
export interface LogGroups {
  /** Adds events, and creates the log group if there is none. */
  write(place: LogGroupPlace, events: readonly StoredEvent[]): void
  /** The events of a log group in the order of their times, or undefined if there is no such log group. */
  events(place: LogGroupPlace): readonly StoredEvent[] | undefined
}

const keyOf = ({ account, region, name }: LogGroupPlace) => `${account} ${region} ${name}`

export const createLogGroups = (): LogGroups => {
  const groups = new Map<string, { readonly events: StoredEvent[]; isSorted: boolean }>()
  return {
    write(place, events) {
      const group = groups.get(keyOf(place)) ?? { events: [], isSorted: true }
      groups.set(keyOf(place), group)
      for (const event of events) {
        group.isSorted &&= event.publishedAt >= (group.events.at(-1)?.publishedAt ?? event.publishedAt)
        group.events.push(event)
      }
    },
    events(place) {
      const group = groups.get(keyOf(place))
      if (group !== undefined && !group.isSorted) {
        group.events.sort((a, b) => a.publishedAt - b.publishedAt)
        group.isSorted = true
      }
      return group?.events
    },
  }
}
