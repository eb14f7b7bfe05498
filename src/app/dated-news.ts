import type { News } from '../domain/judge/news.ts'
import type { Violation } from '../domain/judge/violation.ts'
import type { Instant } from '../domain/time/instant.ts'
import type { Endpoint } from './endpoint.ts'
import type { CurfewEvent } from './events.ts'

/** News, and when the judgement that found it was made. */
export interface DatedNews {
  readonly news: News
  readonly at: Instant
}

/** Whether the state says that the news was told, so that no later process tells it. */
export const isToldOnce = ({ news: { what } }: DatedNews): boolean =>
  what === 'held' || what === 'released' || what === 'warning'

/** The event that tells the news. `repeatsOf`: how often the user has connected again after a termination. */
export const eventOf = (
  { news, at }: DatedNews,
  endpoint: Endpoint,
  repeatsOf: (violation: Violation) => number,
): CurfewEvent => {
  switch (news.what) {
    case 'violation': {
      const { violation, mode } = news
      return { event: 'violation', endpoint, violation, mode, repeats: repeatsOf(violation), at }
    }
    case 'held':
      return { event: 'held', endpoint, ...news.hold, at }
    case 'released':
      return { event: 'released', endpoint, ...news.release, at }
    case 'near-miss':
      return { event: 'near-miss', endpoint, nearMiss: news.nearMiss }
    case 'more-near-misses': {
      const { policy, list, entries } = news
      return { event: 'more-near-misses', endpoint, policy, list, entries }
    }
    case 'warning': {
      const { violation, leadMs, endsAt, extension } = news
      return { event: 'warning', endpoint, violation, leadMs, endsAt, extension, at }
    }
  }
}
