import { createLineFilter } from '../adapters/audit/line-filter.ts'
import { readTrail } from '../adapters/audit/read-trail.ts'
import { type ChainReport, verifyChain } from '../adapters/audit/verify-chain.ts'
import { partAround, partOfChain } from '../adapters/postgres/chain-part.ts'
import { readChains, type UnitChain } from '../adapters/postgres/chains.ts'
import type { PostgresSettings } from '../config/configuration.ts'
import { printable } from '../domain/printable.ts'
import { OperatorError, UsageError } from './command.ts'
import { type Database, openTables } from './compose-database.ts'
import type { ChainQuestion, Trail, Trails } from './trail.ts'

/** The chains of the units in the database. With `part` only those of units with this part in their keys. */
export const openChains = async (settings: PostgresSettings, part: string | undefined): Promise<Trails> => {
  const database = await openTables(settings)
  try {
    const chains = await chainsOf(database, part)
    return {
      all: chains.map((chain) => trailOf(database, chain)),
      [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
    }
  } catch (error) {
    await database[Symbol.asyncDispose]()
    throw error
  }
}

/** The chains of the units with this part in their keys, or of all units. */
export const chainsOf = async ({ ask }: Database, part: string | undefined): Promise<readonly UnitChain[]> => {
  const all = await readChains(ask)
  if (all.length === 0) {
    throw new OperatorError('the database has no trail yet: a replica begins one when it is first granted a unit')
  }
  const found = part === undefined ? all : all.filter(({ unit }) => unit.includes(part))
  if (found.length > 0) return found
  const units = all.map(({ unit }) => printable(unit)).join(', ')
  throw new OperatorError(`no unit has "${printable(part ?? '')}" in its key: the database has ${units}`)
}

const trailOf = (database: Database, chain: UnitChain): Trail => ({
  unit: chain.unit,
  async *read(period, filter) {
    const { ask } = database
    yield* readTrail([await partAround(ask, chain, period)], period, createLineFilter(filter))
  },
  verify: (question) => verifyOf(database, chain, question),
})

/** Retention may move the anchor of a chain while it is read. */
const ATTEMPTS = 3

/** Checks a chain from its anchor to the head that the database keeps of it. */
export const verifyOf = async (
  { ask }: Database,
  chain: UnitChain,
  { from, anchors }: ChainQuestion,
): Promise<ChainReport> => {
  if (from !== 1)
    throw new UsageError('--from is for files: a chain in the database begins after the anchor that it keeps')
  let current = chain
  for (let attempt = 1; ; attempt++) {
    const { anchor, head } = current
    const early = anchors.find(({ seq }) => seq < anchor.seq)
    if (early !== undefined) {
      throw new UsageError(
        `--anchor ${early.seq}: line ${early.seq} is not checked: retention has removed the lines up to ${anchor.seq}`,
      )
    }
    const report = await verifyChain([partOfChain(ask, current)], { after: anchor, anchors: [head, ...anchors] })
    if (report.fault === undefined || attempt === ATTEMPTS) return report
    const now = (await readChains(ask)).find(({ id }) => id === chain.id)
    if (now === undefined || now.anchor.seq === anchor.seq) return report
    current = now
  }
}
