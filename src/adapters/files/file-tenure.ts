import type { Tenure } from '../../app/tenure.ts'
import { openAuditTrail } from '../audit/audit-trail.ts'
import { replay } from '../audit/replay.ts'
import { createStateFile } from './state-file.ts'

/** The key of the one unit of a process with files: everything that the configuration watches. */
const EVERYTHING = 'everything'

type Opened = Awaited<ReturnType<typeof openAuditTrail>>

/**
 * The tenure of a process that keeps its trail and its state in files: over everything, for as long as it has the lock of
 * the audit file. It is never asked back. Fails with an `AuditError`, as the trail does.
 */
export const openFileTenure = async ({
  stateFile,
  ...trailOptions
}: Parameters<typeof openAuditTrail>[0] & { readonly stateFile: string }): Promise<
  Tenure & { readonly trail: Opened }
> => {
  const trail = await openAuditTrail(trailOptions)
  return {
    unit: EVERYTHING,
    epoch: trail.head().seq,
    holds: () => !trail.lost.aborted,
    lost: trail.lost,
    asked: new AbortController().signal,
    trail,
    replay: (since, read) => replay(trailOptions.file, since, read),
    store: createStateFile(stateFile),
  }
}
