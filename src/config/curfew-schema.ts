import * as z from 'zod'
import { duration } from '../domain/duration.ts'
import { MODES } from '../domain/policy.ts'
import { LOG_LEVELS } from './configuration.ts'
import { protectSchema } from './policies-schema.ts'

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

const watchEntry = z.strictObject({
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
    .meta({ description: 'The endpoints to watch: an id, or { id, name }.' }),
})

const server = z
  .strictObject({
    host: z.string().min(1).default('127.0.0.1').meta({ description: 'The address to listen on.' }),
    port: z
      .int()
      .min(0)
      .max(65_535)
      .default(9464)
      .meta({ description: 'The port to listen on; 0 for any that is free.' }),
  })
  .prefault({})
  .meta({ description: 'Where metrics and health are served.' })

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
  server,
  log,
}

/** What is written under these keys, wrong parts left out. */
export type CurfewKeys = { readonly [Key in keyof typeof curfewKeys]: z.output<(typeof curfewKeys)[Key]> | undefined }

/** What AWS grants a whole account per Region; more is of no use unless the quota was raised. */
export const AWS_GRANTS = {
  poll: { burst: 100, perSecond: 20 },
  termination: { burst: 50, perSecond: 5 },
} as const
