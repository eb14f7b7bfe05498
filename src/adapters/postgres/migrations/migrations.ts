import { TABLES } from './0001-tables.ts'
import { GUARD } from './0002-guard.ts'
import { PARTITIONS } from './0003-partitions.ts'
import { VIEWS } from './0004-views.ts'
import { POLICY_SETS } from './0005-policy-sets.ts'

/** The steps from an empty schema to that of this program. A step that was released never changes: a new one follows. */
export const MIGRATIONS: readonly string[] = [TABLES, GUARD, PARTITIONS, VIEWS, POLICY_SETS]
