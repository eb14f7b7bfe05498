import { type Instant, toIso } from '../domain/time/instant.ts'

/** An instant in JSON output. What is not known, and what never comes, is null. */
export const isoOrNull = (at: Instant | undefined): string | null => (at === undefined ? null : toIso(at))
