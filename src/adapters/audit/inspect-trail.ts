import { realpath } from 'node:fs/promises'
import { AuditError, DamagedTrail } from '../../app/audit.ts'
import { disk } from '../files/disk.ts'
import { codeOf, orMissing } from '../files/disk-fault.ts'
import { lockName } from './file-names.ts'
import { type Held, heldBy } from './lock.ts'
import { checkLines, readTail } from './tail.ts'

/**
 * - `none`: there is no file yet.
 * - `held`: a process writes it, so its end is not read.
 * - `whole`: it can be continued after line `seq`.
 * - `damaged`: it cannot be continued.
 * - `unreadable`: this process may not look.
 */
export type TrailCondition =
  | { readonly state: 'none' }
  | { readonly state: 'held'; readonly held: Held }
  | { readonly state: 'whole'; readonly seq: number }
  | { readonly state: 'damaged'; readonly why: string }
  | { readonly state: 'unreadable'; readonly code: string }

/** Looks whether a process could continue the audit file, without a lock and without a change. */
export const inspectTrail = async (path: string): Promise<TrailCondition> => {
  try {
    return await conditionOf((await orMissing(realpath(path))) ?? path)
  } catch (error) {
    if (error instanceof DamagedTrail) return { state: 'damaged', why: error.found }
    if (error instanceof AuditError) return { state: 'damaged', why: error.message }
    const code = codeOf(error)
    if (code === undefined) throw error
    return { state: 'unreadable', code }
  }
}

const conditionOf = async (file: string): Promise<TrailCondition> => {
  const held = await heldBy(lockName(file))
  if (held !== undefined && held.life !== 'dead') return { state: 'held', held }
  const handle = await orMissing(disk.open(file, 'r'))
  if (handle === undefined) return { state: 'none' }
  try {
    const tail = await readTail(disk, file, handle)
    await checkLines(file, handle, tail, () => {})
    return { state: 'whole', seq: tail.head.seq }
  } finally {
    await handle.close()
  }
}
