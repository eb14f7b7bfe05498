import { realpath } from 'node:fs/promises'
import { isBesideTheChain } from '../adapters/audit/file-names.ts'
import { type ChainReport, verifyChain } from '../adapters/audit/verify-chain.ts'
import { OperatorError } from './command.ts'

/** Checks the files as one chain. A file that is named twice, directly or through links, counts once. */
export const verifyAuditFiles = async (files: readonly string[]): Promise<ChainReport> => {
  const named = new Map<string, string>()
  for (const file of files) {
    const path = await realpath(file).catch(cannotRead(file))
    if (!named.has(path)) named.set(path, file)
  }
  return verifyChain([...named.values()]).catch(cannotRead())
}

export const isAuditFile = (file: string): boolean => !isBesideTheChain(file)

const cannotRead =
  (file?: string) =>
  (error: NodeJS.ErrnoException): never => {
    if (error.code === undefined) throw error
    throw new OperatorError(
      `cannot read ${file ?? error.path ?? 'an audit file'} (${error.code}): check the path and its permissions`,
    )
  }
