import * as z from 'zod'
import type { State } from '../../app/state.ts'
import { NO_GUARD_MEMORY } from '../../domain/guard/guard.ts'

/** The range of a `Date`. A larger number could not be written into a log. */
const MOST_MS = 8.64e15
const instant = z.number().min(-MOST_MS).max(MOST_MS)
/** JSON has no infinity: `null` stands for always and never. */
const finiteOrAbsent = instant.nullish().transform((at) => at ?? undefined)
const absent = z
  .string()
  .optional()
  .transform((text) => text ?? undefined)

const entriesOf = (found: unknown): unknown =>
  typeof found === 'object' && found !== null && !Array.isArray(found) ? Object.entries(found) : undefined

/** A record by names that people chose. `z.record` would leave out a user called `__proto__`. */
const byName = <Value extends z.ZodType>(value: Value) =>
  z
    .preprocess(entriesOf, z.array(z.tuple([z.string(), value])))
    .transform((entries): Record<string, z.output<Value>> => Object.fromEntries(entries))

const kept = <Value extends z.ZodType>(value: Value) => byName(byName(value))

const violation = z.object({
  connectionId: z.string(),
  username: absent,
  commonName: absent,
  policy: z.string(),
  reason: z.string(),
  since: finiteOrAbsent,
  deadline: finiteOrAbsent,
  because: z.string(),
  alsoBy: z.array(z.string()),
})

const answered = {
  violation,
  attempts: z.int().min(0),
  callId: z.string(),
  selector: z.enum(['connection-id', 'username']),
  leftAt: instant,
  answeredAt: instant,
  requestId: absent,
}
const absences = z.int().min(0)
const heard = z.enum(['never', 'unread', 'read'])

const termination = z.discriminatedUnion('state', [
  z.object({ ...answered, state: z.literal('unproven'), absences }),
  z.object({ ...answered, state: z.literal('lingering'), absences }),
  z.object({ ...answered, state: z.literal('reported-gone'), heard }),
  z.object({ ...answered, state: z.literal('waiting'), heard, absences, tryAgainAt: instant }),
  z.object({ ...answered, state: z.literal('given-up'), heard, absences, tryAgainAt: instant }),
])

const limits = z.object({ maxPercent: z.number(), minConnections: z.number(), lookAheadMs: z.number() })
const amount = z.int().min(0)
const version = z.object({ hash: z.string(), set: z.string() })
const orUndefined = <Value extends z.ZodType>(value: Value) => value.optional().transform((found) => found ?? undefined)

const standing = z.discriminatedUnion('state', [
  z.object({ state: z.literal('in-force'), version, comparedAt: instant }),
  z.object({ state: z.literal('audit'), version }),
  z.object({
    state: z.literal('held'),
    version,
    before: orUndefined(version),
    since: instant,
    counted: amount,
    of: amount,
  }),
  // The first states of version 4 have no `wasHeld`: a held policy that was deleted had no standing.
  z.object({ state: z.literal('gone'), version, goneAt: instant, wasHeld: z.boolean().default(false) }),
])

const facts = { name: absent, tags: orUndefined(byName(z.string())) }

/** Older states have no `accepted` and no `next`. */
const rules = {
  set: z.string(),
  policies: z.array(z.string()),
  facts: orUndefined(z.object(facts)),
  until: instant,
  accepted: orUndefined(byName(version)),
  most: amount,
}

const guard = z.object({
  limits: orUndefined(limits),
  standings: byName(standing),
  counted: z.array(
    z.object({
      policy: z.string(),
      connectionId: z.string(),
      principal: absent,
      at: instant,
      isArrival: z.boolean(),
    }),
  ),
  trial: orUndefined(z.object({ ...rules, next: orUndefined(z.object(rules)) })),
})

const schema = z.object({
  policies: byName(z.object({ hash: z.string(), acts: z.boolean(), changedAt: instant })),
  // States of version 3 have no policy sets, and another memory of the guard.
  policySets: byName(z.unknown())
    .optional()
    .transform((sets) => sets ?? {}),
  // The first states of version 4 do not say which of their sets was in force last.
  policySetHash: absent,
  endpoints: byName(
    z.object({
      watchedSince: instant,
      // Earlier states do not say of an endpoint that it is no longer watched.
      watchedUntil: orUndefined(instant),
      firstSeen: byName(instant),
      countersMovedAt: instant.nullable(),
      notes: kept(z.object({ at: instant, bytes: z.number() })),
      graceStarted: kept(instant),
      terminated: kept(instant),
      warned: kept(z.number()),
      // Before there were extensions, none were kept.
      extended: kept(z.object({ granted: z.int().min(1), until: instant }))
        .optional()
        .transform((extended) => extended ?? {}),
      guard: guard.optional().transform((kept) => kept ?? NO_GUARD_MEMORY),
      // Before there were policies that select endpoints by name or tag, no facts were kept.
      facts: orUndefined(z.object({ ...facts, reselectedAt: byName(instant) })),
      terminations: z.array(termination),
    }),
  ),
})

/** Undefined where the value is not a state of this version. */
export const readState = (found: unknown): State | undefined => schema.safeParse(found).data
