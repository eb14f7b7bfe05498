import type { NotifyTarget } from '../configuration.ts'
import type { WrittenPolicy } from './bind-policy-files.ts'

/** Warns of policies that warn when nobody is there to hear it. */
export const reportUnheard = (policies: readonly WrittenPolicy[], notify: readonly NotifyTarget[]): void => {
  if (notify.some(({ events }) => events.includes('warning'))) return
  for (const { policy, file, index } of policies) {
    if (policy.warn.length === 0) continue
    const message = 'nobody hears of it: let an entry of "notify" in curfew.yaml take the event warning'
    file.problem(['policies', index, 'warn'], message, { severity: 'warning', at: 'key' })
  }
}
