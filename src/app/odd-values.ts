import { isKnownStatus } from '../domain/connection.ts'
import type { Snapshot, UnreadField } from '../domain/snapshot.ts'
import type { Endpoint } from './endpoint.ts'
import type { Emit } from './events.ts'

/** Reports what Curfew does not understand in the snapshots of one endpoint: each status, and each field, once. */
export const createOddValues = (endpoint: Endpoint, emit: Emit) => {
  const statuses = new Set<string>()
  const fields = new Set<UnreadField>()

  return {
    report({ connections, unread = new Map() }: Snapshot): void {
      for (const { status } of connections) {
        if (isKnownStatus(status) || statuses.has(status)) continue
        statuses.add(status)
        emit({ event: 'unknown-status', endpoint, status })
      }
      for (const [field, value] of unread) {
        if (fields.has(field)) continue
        fields.add(field)
        emit({ event: 'unread-value', endpoint, field, value })
      }
    },
  }
}
