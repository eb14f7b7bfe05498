import type { CurfewEvent, RefusedReload } from './events.ts'

/** The last reload. `mode-only`: the configuration was refused, but its `mode: audit` is in force. */
export type LastReload =
  | { readonly outcome: 'none' | 'taken' }
  | ({ readonly outcome: 'refused' | 'mode-only' } & RefusedReload)

export const nextReload = (before: LastReload, event: CurfewEvent): LastReload => {
  switch (event.event) {
    case 'reloaded':
      return { outcome: 'taken' }
    case 'reload-refused': {
      const { source, problems } = event
      return { outcome: before.outcome === 'mode-only' ? 'mode-only' : 'refused', source, problems }
    }
    case 'mode-obeyed':
      return 'problems' in before
        ? { ...before, outcome: 'mode-only' }
        : { outcome: 'mode-only', source: 'files', problems: [] }
    default:
      return before
  }
}
