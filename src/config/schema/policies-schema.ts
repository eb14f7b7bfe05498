import * as z from 'zod'
import { MODES, type PolicyKind } from '../../domain/policies/policy.ts'
import { POLICY_KINDS } from '../../domain/policies/registry.ts'
import { duration, durationOrZero } from '../../domain/time/duration.ts'
import { instant } from '../../domain/time/instant-text.ts'

/** No control characters (they would break every table and log line), no white space around. */
const name = z.string().regex(/^(?!\s)[^\u0000-\u001f\u007f-\u009f]+(?<!\s)$/u, {
  error: ({ input }) =>
    input === ''
      ? 'the name is empty: write one'
      : `the name ${JSON.stringify(input)} holds a control character, or white space at an end: remove it; for a backslash use single quotes`,
})

const version = z.literal(1).meta({ description: 'The version of this format: 1.' })

const users = z.array(z.string()).min(1)
const entry = z.union([
  z.string(),
  z.strictObject({
    pattern: z.string().meta({ description: 'Who or what is exempt.' }),
    until: instant.optional().meta({ description: 'The exemption ends at this instant.' }),
    reason: z.string().min(1).optional().meta({ description: 'Why; shown wherever the exemption is.' }),
  }),
])
const exemptions = z.array(entry).min(1)

const selectorOf = <List extends z.ZodType>(list: List, effect: string) =>
  z.strictObject({
    users: list
      .optional()
      .meta({ description: `Names, patterns with * and ?, user:…, cn:… or group:…: the users ${effect}.` }),
    endpoints: list.optional().meta({ description: `Ids of endpoints, or patterns of ids: the endpoints ${effect}.` }),
    regions: list.optional().meta({ description: `Regions, or patterns of them: the regions ${effect}.` }),
  })

export const protectSchema = z.strictObject({
  users: exemptions.meta({ description: 'Whom no policy ever ends, whatever it says.' }),
})

/** What every policy has, whatever its kind. */
export const commonKeys = {
  name: name.meta({ description: 'Unique over all files; seen in logs, metrics and the audit trail.' }),
  kind: z.string(),
  match: selectorOf(users, 'to whom the policy applies').optional().meta({
    description: 'To what the policy applies: one hit in every list that is given. Without it, to everything.',
    minProperties: 1,
  }),
  exempt: selectorOf(exemptions, 'to whom the policy does not apply')
    .optional()
    .meta({ description: 'To what the policy does not apply; wins over `match`.', minProperties: 1 }),
  grace: durationOrZero
    .optional()
    .meta({ description: 'How long after the violation a connection may last. Default 0s.', examples: ['5m'] }),
  warn: z
    .array(duration)
    .min(1)
    .optional()
    .meta({
      description:
        'How long before the end of a connection its person is to hear of it, by `notify` in curfew.yaml. Default: never.',
      examples: [['15m', '5m']],
    }),
  cooldown: duration.optional().meta({
    description:
      'For how long after a cut in this policy’s name new connections of the same person are ended at once. Default: none.',
    examples: ['15m'],
  }),
  cooldownByCommonName: z.boolean().default(false).meta({
    description: 'Whether `cooldown` follows a common name, which people may share, where there is no user name.',
  }),
  guard: z
    .union([z.enum(['on', 'off']), z.literal(false)])
    .default('on')
    .meta({ description: 'off: the guard does not hold what this policy condemns, as for an urgent ban.' }),
  mode: z
    .enum(MODES)
    .default('enforce')
    .meta({ description: 'audit: only report. A policy acts only where both it and the daemon say enforce.' }),
}

export const groupSchema = users.meta({ description: 'Names and patterns; used as group:NAME.' })

export const calendarSchema = z
  .strictObject({
    dates: z
      .array(z.union([z.string(), z.strictObject({ from: z.string(), to: z.string() })]))
      .min(1)
      .optional()
      .meta({ description: 'Dates such as 2026-12-25, or ranges { from, to } that include both ends.' }),
    yearly: z.array(z.string()).min(1).optional().meta({ description: 'MM-DD, the same day every year.' }),
  })
  .meta({ description: 'Dates on which no window of an off-hours policy opens.', minProperties: 1 })

/** The keys of a policies file; what a policy holds depends on its kind. */
export const policiesFileKeys = {
  version,
  groups: z.record(name, z.unknown()).optional(),
  calendars: z.record(name, z.unknown()).optional(),
  policies: z.array(z.unknown()).min(1).optional(),
}

/** The whole of one policy of a kind, for the JSON Schema. */
const policyOf = (kind: PolicyKind) => {
  const { name: policyName, kind: _, grace, warn, cooldown, cooldownByCommonName, ...common } = commonKeys
  return z
    .strictObject({
      name: policyName,
      kind: z.literal(kind.kind).meta({ description: kind.summary }),
      ...kind.keys.shape,
      ...common,
      ...(kind.noGrace === undefined ? { grace } : {}),
      ...(kind.foreseeable === true ? { warn } : {}),
      ...(kind.cooldown === true ? { cooldown, cooldownByCommonName } : {}),
    })
    .meta({ title: kind.kind, description: kind.summary })
}

type AnyPolicy = ReturnType<typeof policyOf>

/** A policies file as a whole, for the JSON Schema. */
export const policiesFile = z.strictObject({
  version,
  groups: z.record(name, groupSchema).optional().meta({ description: 'Named lists of users, shared by all files.' }),
  calendars: z
    .record(name, calendarSchema)
    .optional()
    .meta({ description: 'Named sets of dates, shared by all files.' }),
  policies: z
    .array(z.discriminatedUnion('kind', POLICY_KINDS.map(policyOf) as [AnyPolicy, ...AnyPolicy[]]))
    .min(1)
    .optional()
    .meta({ description: 'What ends connections.' }),
})
