import { EngineRefused } from './engine-refused.ts'

/** The database is an older backup, or a standby that had not received everything was promoted. */
export const restored = (what: string): EngineRefused =>
  new EngineRefused(
    'restored',
    `the database is older than what this replica has seen: ${what}. An older backup was restored, or a standby without the newest commits was promoted. Calls after that time are not in its audit trail. Keep the exported trail, and run "curfew engine accept" to go on with this database`,
  )
