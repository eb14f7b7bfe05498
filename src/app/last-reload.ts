import type { CurfewEvent } from './events.ts'

/** The last reload. `mode-only`: the configuration was refused, but its `mode: audit` is in force. */
export type LastReload =
  | { readonly outcome: 'none' | 'taken' }
  | { readonly outcome: 'refused' | 'mode-only'; readonly problems: readonly string[] }

export const nextReload = (before: LastReload, event: CurfewEvent): LastReload => {
  switch (event.event) {
    case 'reloaded':
      return { outcome: 'taken' }
    case 'reload-refused':
      return { outcome: before.outcome === 'mode-only' ? 'mode-only' : 'refused', problems: event.problems }
    case 'mode-obeyed':
      return { outcome: 'mode-only', problems: 'problems' in before ? before.problems : [] }
    default:
      return before
  }
}
