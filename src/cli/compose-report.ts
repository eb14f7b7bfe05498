import { hostClock } from '../adapters/host/clock.ts'
import { type Reported, reportOf } from '../adapters/report/report.ts'
import { VERSION } from '../version.ts'
import { writeFileWhole } from './compose-logs.ts'

/** Writes the report of a backtest. Loaded on request: it draws with a library that no other command needs. */
export const writeReport = (
  file: string,
  asked: Omit<Reported, 'madeAt' | 'version'>,
  signal: AbortSignal,
): Promise<void> => writeFileWhole(file, [reportOf({ ...asked, madeAt: hostClock.now(), version: VERSION })], signal)
