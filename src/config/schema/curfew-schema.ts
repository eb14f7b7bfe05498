import * as z from 'zod'
import { MODES } from '../../domain/policies/policy.ts'
import { duration } from '../../domain/time/duration.ts'
import { LOG_LEVELS } from '../configuration.ts'
import { notify } from './notify-schema.ts'
import { protectSchema } from './policies-schema.ts'
import { server } from './server-schema.ts'

/** As AWS makes them: anything else can only be a slip. */
const ENDPOINT_ID = /^cvpn-endpoint-[0-9a-f]{17}$/

const endpointId = z
  .string()
  .regex(ENDPOINT_ID, {
    error: ({ input }) =>
      `${JSON.stringify(input)} is not the id of a Client VPN endpoint: expected cvpn-endpoint- and 17 of 0-9 and a-f, as the AWS console shows it`,
  })
  .meta({ description: 'The id of a Client VPN endpoint.', examples: ['cvpn-endpoint-0123456789abcdef0'] })

const region = z.string().regex(/^[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}$/, {
  error: ({ input }) => `${JSON.stringify(input)} is not an AWS Region: write its code, such as eu-central-1`,
})

const isHttpUrl = (text: string): boolean => /^https?:\/\/[^\s/]/.test(text) && URL.canParse(text)

const rateOf = (burst: number, perSecond: number) =>
  z
    .strictObject({
      burst: z.int().min(1).default(burst).meta({ description: 'How many at once.' }),
      perSecond: z.number().positive().default(perSecond).meta({ description: 'How many per second in the long run.' }),
    })
    .prefault({})

const poll = z
  .strictObject({
    schedule: z
      .string()
      .default('*/15 * * * * *')
      .meta({
        description: 'When to look for new connections: cron with five fields, or six with seconds first, in UTC.',
        examples: ['*/15 * * * * *'],
      }),
    requestTimeout: duration.prefault('10s').meta({ description: 'How long one request to AWS may take.' }),
    staleAfter: duration
      .prefault('5m')
      .meta({ description: 'How long the last complete snapshot may serve while AWS does not answer.' }),
    rate: rateOf(50, 10).meta({
      description: 'Pages read from AWS, per account and Region. AWS grants the account 100 and 20 per second.',
    }),
    minGap: duration.prefault('5s').meta({
      description: 'The least time between two polls of one endpoint that deadlines or verification ask for.',
    }),
  })
  .prefault({})
  .meta({ description: 'How connections are watched.' })

const termination = z
  .strictObject({
    rate: rateOf(40, 4).meta({
      description: 'Terminate calls, per account and Region. AWS grants the account 50 and 5 per second.',
    }),
    verifyWithin: duration
      .prefault('60s')
      .meta({ description: 'How long a connection may take to go before it is terminated again.' }),
    attempts: z
      .int()
      .min(1)
      .max(100)
      .default(3)
      .meta({ description: 'How often a connection is terminated before Curfew gives up and says so.' }),
  })
  .prefault({})
  .meta({ description: 'How connections are ended.' })

/** As IAM writes them, whatever the partition: a path may stand before the name. */
const ROLE_ARN = /^arn:aws[a-z-]*:iam::\d{12}:role\/(?:[!-~]+\/)?[\w+=,.@-]{1,64}$/

/** What STS takes. */
const EXTERNAL_ID = /^[\w+=,.@:/-]{2,1224}$/

const assumeRole = z.strictObject({
  arn: z
    .string()
    .regex(ROLE_ARN, {
      error: ({ input }) =>
        `${JSON.stringify(input)} is not the ARN of a role: expected one such as arn:aws:iam::111122223333:role/curfew`,
    })
    .meta({ description: 'The role.', examples: ['arn:aws:iam::111122223333:role/curfew'] }),
  externalId: z
    .string()
    .regex(EXTERNAL_ID, {
      error: ({ input }) =>
        `${JSON.stringify(input)} is not an external id: expected 2 to 1224 letters, digits and _+=,.@:/-`,
    })
    .optional()
    .meta({ description: "The external id that the role's trust policy asks for." }),
})

const tags = z
  .record(z.string().min(1), z.string())
  .refine((tags) => Object.keys(tags).length > 0, { error: 'no tag is named: name one, or write "discover: all"' })
  .meta({ description: 'Tags that an endpoint must have, all of them, spelled exactly so.', minProperties: 1 })

const all = z.string().regex(/^all$/, {
  error: ({ input }) => `discover is ${JSON.stringify(input)}, expected all or { tags: { KEY: VALUE } }`,
})

const discover = z.union([all, z.strictObject({ tags })]).meta({
  description: 'Watch the endpoints of the Region as they come and go: all, or { tags: { KEY: VALUE } }.',
})

const watchEntry = z
  .strictObject({
    region: region.meta({ description: 'The AWS Region of the endpoints.', examples: ['eu-central-1'] }),
    endpointUrl: z
      .string()
      .refine(isHttpUrl, { error: ({ input }) => `${JSON.stringify(input)} is not a URL: write http://… or https://…` })
      .optional()
      .meta({ description: 'Where the EC2 API of this entry is, if not at AWS.' }),
    endpoints: z
      .array(
        z.union([
          endpointId,
          z.strictObject({
            id: endpointId,
            name: z.string().min(1).meta({ description: 'What people call the endpoint.' }),
          }),
        ]),
      )
      .min(1)
      .optional()
      .meta({ description: 'The endpoints to watch: an id, or { id, name }. These, "discover", or both.' }),
    discover: discover.optional(),
    assumeRole: assumeRole
      .optional()
      .meta({ description: 'A role in whose name AWS is asked, for endpoints of another account.' }),
  })
  // For editors; `checkCurfewFile` says it in words.
  .meta({ anyOf: [{ required: ['endpoints'] }, { required: ['discover'] }] })

const guard = z
  .strictObject({
    maxPercent: z
      .number()
      .min(0)
      .max(100)
      .default(50)
      .meta({ description: 'Of the active connections of an endpoint, within ten minutes.' }),
    minConnections: z.int().min(0).default(10).meta({ description: 'So many may end whatever the share.' }),
  })
  .prefault({})
  .meta({ description: 'Verdicts that nobody foresaw are held when they would end more than both limits allow.' })

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

const audit = fileOf('./data/audit.jsonl', 'The record of every termination, written before it is sent.').meta({
  description: 'What was done and why, for auditors.',
})

const state = fileOf('./data/state.json', 'What a restart must not forget: grace, cooldown, idle marks, holds.').meta({
  description: 'What is remembered across restarts.',
})

const log = z
  .strictObject({
    level: z.enum(LOG_LEVELS).default('info').meta({ description: 'The least grave level that is logged.' }),
  })
  .prefault({})
  .meta({ description: 'What is logged.' })

/** The keys of `curfew.yaml`. */
export const curfewKeys = {
  version: z.literal(1).meta({ description: 'The version of this format: 1.' }),
  mode: z.enum(MODES).default('audit').meta({ description: 'audit: only report what would end. enforce: end it.' }),
  policies: z
    .array(z.string().min(1))
    .min(1)
    .meta({ description: 'Files of policies, or folders of them; relative to this file.', examples: [['./policies']] }),
  protect: protectSchema.optional().meta({ description: 'Exempt from every policy.' }),
  watch: z.array(watchEntry).min(1).meta({ description: 'The endpoints to watch, by Region.' }),
  poll,
  termination,
  guard,
  audit,
  state,
  server,
  notify,
  log,
}

/** What is written under these keys, wrong parts left out. */
export type CurfewKeys = { readonly [Key in keyof typeof curfewKeys]: z.output<(typeof curfewKeys)[Key]> | undefined }

/** What AWS grants a whole account per Region; more is of no use unless the quota was raised. */
export const AWS_GRANTS = {
  poll: { burst: 100, perSecond: 20 },
  termination: { burst: 50, perSecond: 5 },
} as const
