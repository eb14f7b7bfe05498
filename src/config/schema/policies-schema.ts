import * as z from 'zod'
import { MOST_EXTENDED_MS } from '../../domain/policies/extension.ts'
import { MODES, type PolicyKind } from '../../domain/policies/policy.ts'
import { POLICY_KINDS } from '../../domain/policies/registry.ts'
import { duration, durationOrZero, formatDuration } from '../../domain/time/duration.ts'
import { instant } from '../../domain/time/instant-text.ts'
import { schemaKey } from './schema-key.ts'

/** Without control characters, which would break tables and log lines, and without white space around it. */
const name = z.string().regex(/^(?!\s)[^\u0000-\u001f\u007f-\u009f]+(?<!\s)$/u, {
  error: ({ input }) =>
    input === ''
      ? 'the name is empty: write one'
      : `the name ${JSON.stringify(input)} contains a control character, or white space at an end: remove it; for a backslash use single quotes`,
})

const version = z.literal(1).meta({ description: 'The version of this format: 1.' })

const users = z.array(z.string()).min(1)
const entry = z
  .union([
    z.string(),
    z.strictObject({
      pattern: z.string().meta({ description: 'The exempt users, endpoints, Regions or facts.' }),
      until: instant.optional().meta({ description: 'The exemption ends at this instant.' }),
      reason: z.string().min(1).optional().meta({ description: 'The reason, shown with the exemption.' }),
    }),
  ])
  .meta({ title: 'pattern, or { pattern, until, reason }' })
const exemptions = z.array(entry).min(1)

const doorOf = <List extends z.ZodType>(list: List, effect: string) =>
  z
    .strictObject({
      idpGroups: list.optional().meta({
        description: `The groups at the identity provider ${effect}: names as it spells them, or patterns with * and ?.`,
        examples: [['contractors']],
      }),
      platform: list.optional().meta({
        description: `The platforms ${effect}, as the client reports them: names, or patterns with * and ?.`,
        examples: [['win*']],
      }),
      publicIp: list.optional().meta({
        description: `The public addresses of clients ${effect}: IPv4 or IPv6 addresses, or networks in CIDR notation.`,
        examples: [['203.0.113.0/24', '2001:db8::/32']],
      }),
      clientVersion: list.optional().meta({
        description: `The versions of the AWS client ${effect}, as it reports them: patterns with * and ?, or comparisons with <, <=, > or >=.`,
        examples: [['< 5.2']],
      }),
    })
    .refine((lists) => Object.keys(lists).length > 0, {
      error: '"door" is empty: write "idpGroups", "platform", "publicIp" or "clientVersion", or remove the key',
      // A misspelled key is reported as such.
      when: ({ issues }) => issues.length === 0,
    })

const selectorOf = <List extends z.ZodType>(list: List, effect: string) =>
  z.strictObject({
    users: list
      .optional()
      .meta({ description: `The users ${effect}: names, patterns with * and ?, user:…, cn:… or group:….` }),
    endpoints: list.optional().meta({
      description: `The endpoints ${effect}: ids (cvpn-endpoint-…), names, patterns of either with * and ?, tag:KEY or tag:KEY=VALUE.`,
    }),
    regions: list.optional().meta({ description: `The Regions ${effect}: names, or patterns of names.` }),
    door: doorOf(list, effect)
      .optional()
      .meta({
        description:
          'Facts that only the client connect handler knows: one match in every given list. The daemon never knows them, and in doubt keeps the connection.',
        examples: [{ idpGroups: ['contractors'], publicIp: ['203.0.113.0/24'] }],
        minProperties: 1,
      }),
  })

export const protectSchema = z.strictObject({
  users: exemptions.meta({
    description: 'The users whose connections no policy ever ends, bans included. An entry may end with `until`.',
    examples: [['break-glass@corp.example']],
  }),
})

/** The keys of every policy, of any kind. */
export const commonKeys = {
  name: name.meta({
    description: 'The name of the policy in logs, metrics and the audit trail. Unique over all files.',
  }),
  kind: z.string().meta({ description: `One of ${POLICY_KINDS.map(({ kind }) => kind).join(', ')}.` }),
  match: selectorOf(users, 'to which the policy applies').optional().meta({
    description: 'To what the policy applies: one match in every given list. Default: everything.',
    minProperties: 1,
  }),
  exempt: selectorOf(exemptions, 'to which the policy does not apply')
    .optional()
    .meta({ description: 'To what the policy does not apply. It takes precedence over `match`.', minProperties: 1 }),
  grace: durationOrZero
    .optional()
    .meta({ description: 'How long a connection may last after its violation. Default 0s.', examples: ['5m'] }),
  warn: z
    .array(duration)
    .min(1)
    .optional()
    .meta({
      description:
        'How long before the end of a connection its user is warned, through `notify` in curfew.yaml. Default: never.',
      examples: [['15m', '5m']],
    }),
  extend: z
    .strictObject({
      by: duration.meta({ description: 'By how much one extension moves the end of a connection.', examples: ['1h'] }),
      times: z
        .int()
        .min(1)
        .default(1)
        .meta({ description: 'How many extensions one connection may have under this policy. Default 1.' }),
    })
    .refine(({ by, times }) => by * times <= MOST_EXTENDED_MS, {
      error: `together the extensions of a connection are longer than ${formatDuration(MOST_EXTENDED_MS)}: lower "by" or "times"`,
    })
    .optional()
    .meta({
      description:
        'Lets the user of a connection move its end, by a link in the warning (`warn`). It needs `server.publicUrl` in curfew.yaml. Default: nobody may.',
      examples: [{ by: '1h', times: 1 }],
    }),
  message: z
    .string()
    .min(1)
    .optional()
    .meta({
      description:
        'What a person reads whom the client connect handler denies by this policy, at most 255 bytes, in one line. Placeholders: {until}, {policy}, {reason}. Default: a text of the kind.',
      examples: ['No VPN before {until}. Questions: help desk, extension 1234.'],
    }),
  cooldown: duration.optional().meta({
    description:
      'How long after a termination by this policy new connections of the same principal end at once. Default: none.',
    examples: ['15m'],
  }),
  cooldownByCommonName: z.boolean().default(false).meta({
    description: 'Whether `cooldown` applies to a common name, which people may share, if there is no user name.',
  }),
  guard: z
    .union([z.enum(['on', 'off']), z.literal(false)])
    .default('on')
    .meta({
      description: 'off: the guard does not hold this policy. Write it to release a hold, or for an urgent ban.',
    }),
  from: z
    .string()
    .optional()
    .meta({
      description:
        'The policy is in force from this instant on, with Z or an offset, or a local time in `timeZone`. Default: always.',
      examples: ['2026-12-04 22:00', '2026-12-04T21:00:00Z'],
    }),
  until: z
    .string()
    .optional()
    .meta({
      description: 'The policy is in force until this instant, written as in `from`. Default: for ever.',
      examples: ['2026-12-06 02:00', '2026-12-06T01:00:00Z'],
    }),
  timeZone: z.string().optional().meta({
    description: 'The zone of local times in `from` and `until`, an IANA name such as Europe/Berlin.',
  }),
  mode: z.enum(MODES).default('enforce').meta({
    description: 'audit: only report. A policy acts where its own mode and the daemon’s mode are both enforce.',
  }),
}

const member = z.union([
  z.string(),
  z.strictObject({
    pattern: z.string().meta({ description: 'A name, a pattern with * and ?, user:… or cn:….' }),
    from: instant.optional().meta({ description: 'The entry belongs to the group from this instant on.' }),
    until: instant.optional().meta({ description: 'The entry belongs to the group until this instant.' }),
    reason: z.string().min(1).optional().meta({ description: 'The reason, shown where the group exempts or bans.' }),
  }),
])

export const groupSchema = z
  .array(member)
  .min(1)
  .meta({ description: 'Names and patterns of users. Policies refer to the group as group:NAME.' })

export const calendarSchema = z
  .strictObject({
    dates: z
      .array(z.union([z.string(), z.strictObject({ from: z.string(), to: z.string() })]))
      .min(1)
      .optional()
      .meta({ description: 'Dates such as 2026-12-25, or ranges { from, to } that include both dates.' }),
    yearly: z.array(z.string()).min(1).optional().meta({ description: 'Days of every year, as MM-DD.' }),
    file: z
      .string()
      .optional()
      .meta({ description: 'A file in iCalendar format, such as ./holidays.ics: its events of whole days.' }),
  })
  .meta({ description: 'Dates on which no window of an off-hours policy opens.', minProperties: 1 })

/** The keys of a policies file. The keys of a policy depend on its kind. */
export const policiesFileKeys = {
  $schema: schemaKey,
  version,
  groups: z.record(name, z.unknown()).optional(),
  calendars: z.record(name, z.unknown()).optional(),
  policies: z.array(z.unknown()).min(1).optional(),
}

/** A policy of one kind with all its keys, for the JSON Schema. */
const policyOf = (kind: PolicyKind) => {
  const {
    name: policyName,
    kind: _,
    timeZone,
    grace,
    warn,
    extend,
    cooldown,
    cooldownByCommonName,
    ...common
  } = commonKeys
  return z
    .strictObject({
      name: policyName,
      kind: z.literal(kind.kind).meta({ description: kind.summary }),
      // A kind that reads the zone itself may require it.
      timeZone,
      ...kind.keys.shape,
      ...common,
      ...(kind.noGrace === undefined ? { grace } : {}),
      ...(kind.foreseeable === true ? { warn } : {}),
      ...(kind.extendable === true ? { extend } : {}),
      ...(kind.cooldown === true ? { cooldown, cooldownByCommonName } : {}),
    })
    .meta({ title: kind.kind, description: kind.summary })
}

type AnyPolicy = ReturnType<typeof policyOf>

/** A policies file as a whole, for the JSON Schema. */
export const policiesFile = z.strictObject({
  $schema: schemaKey,
  version,
  groups: z.record(name, groupSchema).optional().meta({ description: 'Lists of users by name, shared by all files.' }),
  calendars: z
    .record(name, calendarSchema)
    .optional()
    .meta({ description: 'Sets of dates by name, shared by all files.' }),
  policies: z
    .array(z.discriminatedUnion('kind', POLICY_KINDS.map(policyOf) as [AnyPolicy, ...AnyPolicy[]]))
    .min(1)
    .optional()
    .meta({ description: 'The policies of this file.' }),
})
