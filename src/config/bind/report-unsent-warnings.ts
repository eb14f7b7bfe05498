import type { NotifyTarget } from '../configuration.ts'
import type { WrittenPolicy } from './bind-policy-files.ts'

/** Warns about policies with `warn` if no receiver under `notify` takes the event `warning`. */
export const reportUnsentWarnings = (policies: readonly WrittenPolicy[], notify: readonly NotifyTarget[]): void => {
  if (notify.some(({ events }) => events.includes('warning'))) return
  for (const { policy, file, index } of policies) {
    if (policy.warn.length === 0) continue
    const message = 'no receiver gets these warnings: add the event warning to an entry of "notify" in curfew.yaml'
    file.problem(['policies', index, 'warn'], message, { severity: 'warning', at: 'key' })
  }
}
