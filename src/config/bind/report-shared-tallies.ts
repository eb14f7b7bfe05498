import { countsOverAll } from '../../domain/policies/policy.ts'
import type { Watch } from '../configuration.ts'
import { watchedUnit } from '../watched-unit.ts'
import type { WrittenPolicy } from './bind-policy-files.ts'

/**
 * Refuses policies with `across: all` where replicas share more than one unit: each replica reads the connections of its
 * own units, and none could count over all of them.
 */
export const reportSharedTallies = (policies: readonly WrittenPolicy[], watch: readonly Watch[]): void => {
  const units = new Set(watch.map(watchedUnit))
  if (units.size < 2) return
  for (const { policy, file, index } of policies) {
    if (!countsOverAll(policy)) continue
    const message = `with "engine: { kind: postgres }" nobody counts over all endpoints: "watch" has ${units.size} units of account and Region, and different replicas may hold them. Write "across: endpoint", or watch one account and Region with each database, or use "engine: { kind: files }"`
    file.problem(['policies', index, 'across'], message)
  }
}
