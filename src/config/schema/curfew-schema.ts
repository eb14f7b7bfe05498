import * as z from 'zod'
import { MODES } from '../../domain/policies/policy.ts'
import { duration, durationOrZero, formatDuration } from '../../domain/time/duration.ts'
import { DAY, MINUTE } from '../../domain/time/instant.ts'
import { LOG_LEVELS } from '../configuration.ts'
import { connectHandler } from './connect-handler-schema.ts'
import { engine } from './engine-schema.ts'
import { notify, secretSource } from './notify-schema.ts'
import { people } from './people-schema.ts'
import { protectSchema } from './policies-schema.ts'
import { rateOf } from './rate.ts'
import { region } from './region.ts'
import { schemaKey } from './schema-key.ts'
import { server } from './server-schema.ts'

/** The format in which AWS creates the ids. Anything else is a mistake. */
const ENDPOINT_ID = /^cvpn-endpoint-[0-9a-f]{17}$/

/** The id that `curfew init` writes without an endpoint. It has the format of one, and AWS knows no such endpoint. */
export const PLACEHOLDER_ENDPOINT = 'cvpn-endpoint-00000000000000000'

export const endpointId = z
  .string()
  .regex(ENDPOINT_ID, {
    error: ({ input }) =>
      `${JSON.stringify(input)} is not the id of a Client VPN endpoint: expected cvpn-endpoint- and 17 hexadecimal digits, as in the AWS console`,
  })
  .meta({
    title: 'id of an endpoint',
    description: 'The id of a Client VPN endpoint.',
    examples: ['cvpn-endpoint-0123456789abcdef0'],
  })

const isHttpUrl = (text: string): boolean => /^https?:\/\/[^\s/]/.test(text) && URL.canParse(text)

/** AWS answers within seconds. Timers of Node fire at once if they are set to more than 24 days. */
const LONGEST_REQUEST_MS = 10 * MINUTE

const poll = z
  .strictObject({
    schedule: z
      .string()
      .default('*/15 * * * * *')
      .meta({
        description:
          'When to read the connections: cron with five fields, or six with seconds first, in UTC. Deadlines do not wait for it.',
        examples: ['*/15 * * * * *'],
      }),
    requestTimeout: duration
      .refine((ms) => ms <= LONGEST_REQUEST_MS, {
        error: `a request may take at most ${formatDuration(LONGEST_REQUEST_MS)}: write a shorter time`,
      })
      .prefault('10s')
      .meta({ description: 'How long one request to AWS may take, 10m at most.' }),
    staleAfter: duration.prefault('5m').meta({
      description:
        'How long the last complete snapshot is used while AWS does not answer. After that nothing is ended on the endpoint. The schedule must poll at least twice in this time.',
    }),
    rate: rateOf(50, 10).meta({
      description:
        'The rate of page requests to AWS, per account and Region. AWS grants the account 100 at once and 20 per second.',
    }),
    minGap: duration.prefault('5s').meta({
      description:
        'The minimum time between two polls of an endpoint that deadlines or verification require. Polls that are nearer to each other become one.',
    }),
  })
  .prefault({})
  .meta({ description: 'How connections are read.' })

/** The rate of terminate calls without `termination.rate`. */
export const TERMINATION_RATE = { burst: 40, perSecond: 4 } as const

const termination = z
  .strictObject({
    rate: rateOf(TERMINATION_RATE.burst, TERMINATION_RATE.perSecond).meta({
      description:
        'The rate of terminate calls, per account and Region. AWS grants the account 50 at once and 5 per second.',
    }),
    verifyWithin: duration.prefault('60s').meta({
      description: 'How long a terminated connection may stay in the snapshots before it is terminated again.',
    }),
    attempts: z.int().min(1).max(100).default(3).meta({
      description:
        'How often a connection is terminated before Curfew gives up and reports that. While the connection is due, it begins anew after five minutes.',
    }),
  })
  .prefault({})
  .meta({ description: 'How connections are ended.' })

/** The format of IAM in every partition. A path may precede the name. */
const ROLE_ARN = /^arn:aws[a-z-]*:iam::\d{12}:role\/(?:[!-~]+\/)?[\w+=,.@-]{1,64}$/

/** The external ids that STS accepts. */
const EXTERNAL_ID = /^[\w+=,.@:/-]{2,1224}$/

const assumeRole = z.strictObject({
  arn: z
    .string()
    .regex(ROLE_ARN, {
      error: ({ input }) =>
        `${JSON.stringify(input)} is not the ARN of a role: expected one such as arn:aws:iam::111122223333:role/curfew`,
    })
    .meta({
      title: 'ARN of a role',
      description: 'The role to assume.',
      examples: ['arn:aws:iam::111122223333:role/curfew'],
    }),
  externalId: z
    .string()
    .regex(EXTERNAL_ID, {
      error: ({ input }) =>
        `${JSON.stringify(input)} is not an external id: expected 2 to 1224 letters, digits and _+=,.@:/-`,
    })
    .optional()
    .meta({
      description: "The external id that the role's trust policy asks for. Default: none.",
      examples: ['curfew'],
    }),
})

const tags = z
  .record(z.string().min(1), z.string())
  .refine((tags) => Object.keys(tags).length > 0, { error: 'no tags are named: name one, or write "discover: all"' })
  .meta({
    description: 'Tags that an endpoint must have: all of them, with exactly these keys and values.',
    minProperties: 1,
  })

const all = z.string().regex(/^all$/, {
  error: ({ input }) => `discover is ${JSON.stringify(input)}, expected all or { tags: { KEY: VALUE } }`,
})

const discover = z.union([all, z.strictObject({ tags })]).meta({
  title: 'all, or { tags: { KEY: VALUE } }',
  description:
    'Look for endpoints in the Region once a minute and watch them: all, or those that have all these tags with exactly these values.',
  examples: [{ tags: { 'vpn-policy': 'enforced' } }],
})

const watchEntry = z
  .strictObject({
    region: region.meta({
      title: 'Region',
      description: 'The AWS Region of the endpoints.',
      examples: ['eu-central-1'],
    }),
    endpointUrl: z
      .string()
      .refine(isHttpUrl, { error: ({ input }) => `${JSON.stringify(input)} is not a URL: write http://… or https://…` })
      .optional()
      .meta({
        examples: ['https://vpce-0123456789abcdef0-abcdefgh.ec2.eu-central-1.vpce.amazonaws.com'],
        description:
          'The URL of the EC2 API for this entry, such as that of a VPC endpoint. Default: that of AWS. http:// is allowed for this machine only, unless allowInsecureEndpointUrl is true.',
      }),
    allowInsecureEndpointUrl: z
      .boolean()
      .default(false)
      .meta({ description: 'Whether `endpointUrl` may be http:// beyond this machine. Default: false.' }),
    endpoints: z
      .array(
        z
          .union([
            endpointId,
            z.strictObject({
              id: endpointId,
              name: z.string().min(1).meta({ description: 'A name of the endpoint for people.' }),
            }),
          ])
          .meta({ title: 'id, or { id, name }' }),
      )
      .min(1)
      .optional()
      .meta({
        description:
          'The endpoints to watch. The name is for people, and policies can select by it. Write this key, "discover" or both.',
        examples: [[{ id: 'cvpn-endpoint-0123456789abcdef0', name: 'office' }]],
      }),
    discover: discover.optional(),
    assumeRole: assumeRole.optional().meta({
      description: 'The role to assume for requests to AWS, for endpoints of another account. Default: none.',
    }),
  })
  // For editors. `checkCurfewFile` reports it with a message.
  .meta({ anyOf: [{ required: ['endpoints'] }, { required: ['discover'] }] })

const guard = z
  .strictObject({
    maxPercent: z.number().min(0).max(100).default(50).meta({
      description:
        'The percentage of the connections of an endpoint that edits within ten minutes may end. It counts beyond `minConnections`.',
    }),
    minConnections: z
      .int()
      .min(0)
      .default(10)
      .meta({ description: 'This many connections of an endpoint may end regardless of the percentage.' }),
    lookAhead: durationOrZero.prefault('24h').meta({
      description:
        'How far ahead an edit is compared with the rules before it. 0s: only connections that are overdue count.',
    }),
  })
  .prefault({})
  .meta({
    description: 'The guard holds an edited policy that would end more connections than both limits allow.',
  })

const fileOf = (path: string, what: string) =>
  z
    .strictObject({
      file: z
        .string()
        .min(1)
        .default(path)
        .meta({ description: `${what} Relative to this file.` }),
    })
    .prefault({})

const audit = fileOf(
  './data/audit.jsonl',
  'The file with a record of every termination, written before the call is sent.',
).meta({
  description: 'The audit trail: what Curfew did and why.',
})

const state = fileOf(
  './data/state.json',
  'The file with what a restart needs: graces, cooldowns, idle times, holds.',
).meta({
  description: 'The state that is kept across restarts.',
})

/** A start reads what the history knows of the connections of the last day. */
const SHORTEST_KEEP_MS = 2 * DAY

const history = z
  .strictObject({
    file: z.string().min(1).default('./data/history.jsonl').meta({
      description:
        'The file with a line for each connection that is first seen or gone. It names users. Relative to this file.',
    }),
    keep: duration
      .refine((ms) => ms >= SHORTEST_KEEP_MS, {
        error: `too short: a start needs the connections of the last day, so keep at least ${formatDuration(SHORTEST_KEEP_MS)}`,
      })
      .prefault('90d')
      .meta({ description: 'How long lines are kept, 2d at least. A day is removed as a whole.', examples: ['90d'] }),
  })
  .meta({
    description:
      'The history of connections: who was connected, from when to when. `curfew history` shows it, `curfew backtest` reads it. Default: none is kept.',
  })

const POLICY_SET_HASH = /^[0-9a-f]{64}$/

/** The problem with what should be the hash of a policy set; undefined if it is one. */
export const hashProblem = (text: string): string | undefined =>
  POLICY_SET_HASH.test(text)
    ? undefined
    : `${JSON.stringify(text)} is not the hash of a policy set: expected 64 characters of 0-9 and a-f, as "curfew validate --hash" prints them`

const approved = z
  .strictObject({
    hashes: z
      .array(z.string().regex(POLICY_SET_HASH, { error: ({ input }) => hashProblem(String(input)) }))
      .min(1)
      .optional()
      .meta({ description: 'The hashes of the approved policy sets, as "curfew validate --hash" prints them.' }),
    file: z
      .string()
      .min(1)
      .optional()
      .meta({
        description: 'A text file with the hashes, one on each line; relative to this file. # begins a comment.',
        examples: ['./approved.txt'],
      }),
  })
  // For editors. `checkApproved` reports it with a message.
  .meta({
    description:
      'The policy sets that may be in force: every other one is refused, for four eyes. Default: all may be.',
    oneOf: [{ required: ['hashes'] }, { required: ['file'] }],
  })

const log = z
  .strictObject({
    level: z
      .enum(LOG_LEVELS)
      .default('info')
      .meta({ description: 'The lowest level that is logged. silent: nothing.' }),
    pseudonymKey: secretSource.optional().meta({
      description:
        'The key, of at least 32 characters, with which names in the log become pseudonyms. Default: the log has the names themselves.',
    }),
  })
  .prefault({})
  .meta({ description: 'How Curfew logs.' })

/** The keys of `curfew.yaml`. */
export const curfewKeys = {
  $schema: schemaKey,
  version: z.literal(1).meta({ description: 'The version of this format: 1.' }),
  mode: z.enum(MODES).default('audit').meta({
    description:
      'audit: only report which connections would end. enforce: end them. `mode: audit` is obeyed also if the rest of the file has a problem.',
  }),
  policies: z
    .array(z.string().min(1))
    .min(1)
    .meta({
      description: 'Policy files, or folders of them, which are read one level deep; relative to this file.',
      examples: [['./policies']],
    }),
  readFrom: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .meta({
      description:
        'Folders outside of the folder of this file, in which policies and lists of users may also lie; relative to this file. Default: none.',
      examples: [['/git']],
    }),
  approved: approved.optional(),
  protect: protectSchema.optional().meta({ description: 'The users who are exempt from every policy.' }),
  watch: z.array(watchEntry).min(1).meta({ description: 'The endpoints to watch, by Region.' }),
  poll,
  termination,
  guard,
  audit,
  state,
  engine,
  history: history.optional(),
  connectHandler,
  server,
  notify,
  people: people.optional(),
  timeZone: z
    .string()
    .default('UTC')
    .meta({
      description:
        'The time zone in which messages say when a session ends, where the policy has no zone of its own. Default: UTC.',
      examples: ['Europe/Berlin'],
    }),
  log,
}

/** The written values of these keys. Invalid parts are left out. */
export type CurfewKeys = { readonly [Key in keyof typeof curfewKeys]: z.output<(typeof curfewKeys)[Key]> | undefined }

/**
 * The request rates that AWS grants to a whole account per Region. Higher rates have no use unless AWS raised the
 * quota.
 */
export const AWS_GRANTS = {
  poll: { burst: 100, perSecond: 20 },
  termination: { burst: 50, perSecond: 5 },
} as const
