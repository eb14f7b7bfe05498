import type { Assignment } from './daemon.ts'
import type { EndpointStatus } from './endpoint-watch.ts'
import { engineStatusOf } from './engine-overview.ts'
import type { Overview } from './overview.ts'
import { endpointStatusOf } from './status.ts'

/** The content of `/status`. `names`: whether a text may name people. */
export const serviceStatusOf = (
  { settings, policies }: Assignment,
  { lastReload, audit, engine, unmatched }: Pick<Overview, 'lastReload' | 'audit' | 'engine' | 'unmatched'>,
  endpoints: readonly EndpointStatus[],
  names: boolean,
) => ({
  mode: settings.mode,
  lastReload:
    'problems' in lastReload ? { outcome: lastReload.outcome, problems: lastReload.problems.length } : lastReload,
  policySetHash: settings.policySetHash,
  policies: policies.policies.map(({ name, kind, mode }) => ({ name, kind: kind.kind, mode })),
  audit: audit ?? null,
  engine: engineStatusOf(engine),
  unmatched,
  endpoints: endpoints.map((one) => endpointStatusOf(one, names)),
})
