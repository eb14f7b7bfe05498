import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { inOrder } from '../adapters/audit/trail-parts.ts'
import { type ChainReport, verifyChain } from '../adapters/audit/verify-chain.ts'
import { diskReasonOf } from '../adapters/files/disk-fault.ts'
import { partOfChain } from '../adapters/postgres/chain-part.ts'
import { exportName, writeLines } from '../adapters/postgres/export-chain.ts'
import type { PostgresSettings } from '../config/configuration.ts'
import { OperatorError } from './command.ts'
import { chainsOf } from './compose-chains.ts'
import { openTables } from './compose-database.ts'

/** Writes the chain of each unit into a file, and checks the file from the anchor to the head that the database has. */
export async function* exportChains(
  settings: PostgresSettings,
  { folder, part }: { readonly folder: string; readonly part: string | undefined },
): AsyncGenerator<{ readonly unit: string; readonly file: string; readonly report: ChainReport }> {
  await using database = await openTables(settings)
  const chains = await chainsOf(database, part)
  await mkdir(folder, { recursive: true }).catch(cannotWrite(folder))
  for (const chain of chains) {
    const { unit, anchor, head } = chain
    const file = join(folder, exportName(unit))
    await writeLines(file, partOfChain(database.ask, chain)).catch(cannotWrite(file))
    const report = await verifyChain(await inOrder([file]), { after: anchor, anchors: [head] })
    yield { unit, file, report }
  }
}

const cannotWrite =
  (path: string) =>
  (error: unknown): never => {
    const { code } = error as NodeJS.ErrnoException
    if (error instanceof OperatorError || code === undefined) throw error
    if (code === 'EEXIST') {
      throw new OperatorError(`${path} is there already, and an export replaces nothing: name a new folder`)
    }
    throw new OperatorError(`cannot write ${path}: ${diskReasonOf(error)}`)
  }
