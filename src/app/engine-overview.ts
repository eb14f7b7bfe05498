import { toIso } from '../domain/time/instant.ts'
import type { AuditHead } from './audit.ts'
import type { EngineStatus } from './tenure.ts'

/** What keeps the trail and the state, and with whom this process shares the units. */
export type EngineOverview =
  | { readonly kind: 'files' }
  | {
      readonly kind: 'postgres'
      readonly replica: string
      readonly status: EngineStatus
      /** The heads of the chains of the units that this replica holds, by the key of the unit. */
      readonly heads: ReadonlyMap<string, AuditHead>
    }

/** The engine in `/status`. What is not known while the replica has not joined is null. */
export const engineStatusOf = (overview: EngineOverview) => {
  if (overview.kind === 'files') return { kind: overview.kind }
  const { kind, replica, status, heads } = overview
  const joined = status.state === 'joined' ? status : undefined
  return {
    kind,
    replica,
    state: status.state,
    why: status.state === 'refused' ? status.why : null,
    message: 'message' in status ? (status.message ?? null) : null,
    since: status.state === 'away' ? toIso(status.since) : null,
    members: joined?.members ?? null,
    generation: joined?.generation ?? null,
    isOld: joined?.isOld ?? null,
    units:
      joined?.units.map(({ unit, state, holder, epoch }) => ({
        unit,
        state,
        holder: holder ?? null,
        epoch,
        audit: heads.get(unit) ?? null,
      })) ?? null,
  }
}
