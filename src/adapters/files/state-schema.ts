import * as z from 'zod'
import type { State } from '../../app/state.ts'

/** What a `Date` can hold: later ones could not be written into a log. */
const MOST_MS = 8.64e15
const instant = z.number().min(-MOST_MS).max(MOST_MS)

const entriesOf = (found: unknown): unknown =>
  typeof found === 'object' && found !== null && !Array.isArray(found) ? Object.entries(found) : undefined

/** By names that people chose: `z.record` would leave out whoever is called `__proto__`. */
const byName = <Value extends z.ZodType>(value: Value) =>
  z.preprocess(entriesOf, z.array(z.tuple([z.string(), value]))).transform((entries) => Object.fromEntries(entries))

const kept = <Value extends z.ZodType>(value: Value) => byName(byName(value))

/** More may come with another version; what is written to logs and the audit trail is looked at. */
const violation = z.looseObject({
  connectionId: z.string(),
  username: z.string().optional(),
  commonName: z.string().optional(),
  policy: z.string(),
  reason: z.string(),
  // `null` stands for always and never.
  since: instant.nullish(),
  deadline: instant.nullish(),
  because: z.string(),
  alsoBy: z.array(z.string()),
})

const keys = {
  policies: byName(z.object({ hash: z.string(), acts: z.boolean(), changedAt: instant })),
  endpoints: byName(
    z.object({
      memory: z.object({
        firstSeen: byName(instant),
        countersMovedAt: instant.nullable(),
        notes: kept(z.object({ at: instant, bytes: z.number() })),
        graceStarted: kept(instant),
        terminated: kept(instant),
        // Younger than the rest: a state without it is one of before.
        warned: kept(z.number()).default({}),
      }),
      guard: z.array(z.object({ policy: z.string(), connectionId: z.string(), dueAt: instant, held: z.boolean() })),
      guardLimits: z.object({ maxPercent: z.number(), minConnections: z.number() }),
      watchedSince: instant,
      pursuits: z.array(
        z.object({
          violation,
          callId: z.string(),
          selector: z.enum(['connection-id', 'username']),
          attempts: z.int().min(0),
          state: z.enum(['sending', 'sent', 'gone', 'free']),
          taken: z.boolean(),
          leftAt: instant,
          sentAt: instant,
          againAt: instant,
          absences: z.int().min(0),
          gaveUp: z.boolean(),
          requestId: z.string().optional(),
        }),
      ),
    }),
  ),
}

const schema = z.object(keys)
/** As it was written before it had a checksum. One key more or less, and it is something else that was damaged. */
const unsealedSchema = z.strictObject({ version: z.literal(1), ...keys })

/** Undefined where this is no state. */
export const readSealedState = (found: unknown): State | undefined => stateOf(schema.safeParse(found).data)

/** Undefined where this is no state of before. */
export const readUnsealedState = (found: unknown): State | undefined => stateOf(unsealedSchema.safeParse(found).data)

const stateOf = (read: z.infer<typeof schema> | undefined): State | undefined =>
  read && ({ policies: read.policies, endpoints: read.endpoints } as unknown as State)
