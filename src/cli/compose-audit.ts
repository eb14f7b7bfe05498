import { realpath } from 'node:fs/promises'
import { isBesideTheChain } from '../adapters/audit/file-names.ts'
import { createLineFilter } from '../adapters/audit/line-filter.ts'
import { UnreadablePart } from '../adapters/audit/part.ts'
import { readTrail } from '../adapters/audit/read-trail.ts'
import { inOrder, partsOf } from '../adapters/audit/trail-parts.ts'
import { verifyChain } from '../adapters/audit/verify-chain.ts'
import { diskReasonOf } from '../adapters/files/disk-fault.ts'
import { hostClock } from '../adapters/host/clock.ts'
import type { Instant } from '../domain/time/instant.ts'
import { OperatorError } from './command.ts'
import type { Trail } from './trail.ts'

export const now = (): Instant => hostClock.now()

/** The files as one trail. A file that is named twice, directly or through links, counts once. */
export const fileTrail = (files: readonly string[]): Trail => {
  const parts = async () => inOrder(await eachOnce(files))
  return {
    unit: undefined,
    async *read(period, filter) {
      try {
        yield* readTrail(await parts(), period, createLineFilter(filter))
      } catch (error) {
        cannotRead()(error as NodeJS.ErrnoException)
      }
    },
    async verify(question) {
      try {
        return await verifyChain(await parts(), question)
      } catch (error) {
        return cannotRead()(error as NodeJS.ErrnoException)
      }
    },
  }
}

export const isAuditFile = (file: string): boolean => !isBesideTheChain(file)

/** The trail's file with its rotated and compressed parts. */
export const filesOfTrail = (path: string): Promise<readonly string[]> =>
  partsOf(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') return cannotRead(path)(error)
    throw new OperatorError(
      `there is no audit trail at ${path}: the daemon creates it when it first starts; if it runs elsewhere, name copies of its files`,
    )
  })

const eachOnce = async (files: readonly string[]): Promise<readonly string[]> => {
  const named = new Map<string, string>()
  for (const file of files) {
    const path = await realpath(file).catch(cannotRead(file))
    if (!named.has(path)) named.set(path, file)
  }
  return [...named.values()]
}

const cannotRead =
  (file?: string) =>
  (error: NodeJS.ErrnoException): never => {
    if (error instanceof UnreadablePart) throw new OperatorError(error.message)
    if (error.code === undefined) throw error
    throw new OperatorError(`cannot read the audit file ${file ?? error.path ?? ''}: ${diskReasonOf(error)}`)
  }
