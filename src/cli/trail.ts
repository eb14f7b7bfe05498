import type { LineFilter } from '../adapters/audit/line-filter.ts'
import type { TrailGroup, TrailPeriod } from '../adapters/audit/read-trail.ts'
import type { ChainReport } from '../adapters/audit/verify-chain.ts'
import type { AuditHead } from '../app/audit.ts'

/** What a check of a chain is told. */
export interface ChainQuestion {
  readonly from: number
  readonly anchors: readonly AuditHead[]
}

/** A trail that a command reads: that of files, or the chain of one unit in the database. */
export interface Trail {
  /** The unit whose chain it is. Undefined for files. */
  readonly unit: string | undefined
  /** The records around a period whose lines may matter, in their order. */
  read(period: TrailPeriod, filter: LineFilter): AsyncGenerator<TrailGroup>
  verify(question: ChainQuestion): Promise<ChainReport>
}

/** The trails of a command. They are closed once it has read them. */
export interface Trails extends AsyncDisposable {
  readonly all: readonly Trail[]
}
