import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { readHandlerCode } from '../adapters/door/handler-code.ts'
import { handlerZip, isHandlerZip } from '../adapters/door/handler-zip.ts'
import type { Baked } from '../door/baked-rules.ts'
import { OperatorError } from './command.ts'
import { expectWritableFile, writeFileWhole } from './compose-logs.ts'

/** Lambda takes no larger zip directly. */
const MOST_BYTES = 50e6

/** Refuses a file to write that is to be kept: one that is read, or one that is no earlier handler. */
export const expectHandlerFile = (file: string, reads: readonly string[]): Promise<void> => {
  return expectWritableFile(file, { reads, isReplaceable: () => isHandler(file) })
}

const isHandler = (file: string): boolean => {
  const found = statSync(file)
  return found.isFile() && found.size <= MOST_BYTES && isHandlerZip(readFileSync(file))
}

/** Makes the zip for Lambda, and the hash by which Lambda knows its content. */
export const makeHandler = (baked: Baked): { readonly zip: Uint8Array; readonly codeSha256: string } => {
  const code = readHandlerCode()
  if (code === undefined) {
    throw new OperatorError('the code of the handler is not built: run "npm run build" once, then this command again')
  }
  const zip = handlerZip(code, baked)
  if (zip.length > MOST_BYTES) {
    throw new OperatorError(
      `the handler would have ${zip.length} bytes, and Lambda takes ${MOST_BYTES}: shorten the lists of users, or put the policies of fewer endpoints into one file`,
    )
  }
  return { zip, codeSha256: createHash('sha256').update(zip).digest('base64') }
}

export const writeHandler = (file: string, zip: Uint8Array, signal: AbortSignal): Promise<void> =>
  writeFileWhole(file, [zip], signal)
