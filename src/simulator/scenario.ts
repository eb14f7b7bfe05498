import * as z from 'zod'
import { duration, durationOrZero, parseDuration } from '../domain/time/duration.ts'
import { DAY, SECOND } from '../domain/time/instant.ts'
import { ACTIONS } from './action-name.ts'
import { faultList } from './fault-schema.ts'

const name = z.string().regex(/^[^\p{Cc}]+$/u, { error: 'expected a name without control characters' })

/** A random number has 32 bits, which limits a range of milliseconds to 24 days. No session of AWS lasts longer. */
const LONGEST_RANGE_MS = 24 * DAY

const durations = z
  .strictObject({ from: durationOrZero, to: durationOrZero })
  .refine(({ from, to }) => from <= to, { error: '"from" must not be greater than "to"' })
  .refine(({ to }) => to <= LONGEST_RANGE_MS, { error: '"to" must not be longer than 24d' })

/** A range with both ends included. */
export type Range = z.infer<typeof durations>

const rate = z.strictObject({ burst: z.int().positive(), perSecond: z.number().positive() })

const reconnectAfter = z.string().transform((text, context): number | 'never' => {
  if (text === 'never') return text
  const parsed = parseDuration(text)
  if ('ms' in parsed) return parsed.ms
  context.issues.push({ code: 'custom', message: `${parsed.problem}, or write "never"`, input: text })
  return z.NEVER
})

const behaviour = {
  idle: z.boolean().default(false).meta({ description: 'The client sends only keep-alives.' }),
  posture: z
    .array(name)
    .default([])
    .meta({ description: 'The statuses that the endpoint’s connect handler gave the device.' }),
  reconnectAfter: reconnectAfter.optional().meta({
    description:
      'How long after a termination the client reconnects, or never. Without it: 2 to 3 s, federated clients never.',
  }),
}

const person = z.strictObject({
  username: name.optional(),
  commonName: name.optional().meta({ description: 'The name in the certificate. Without it: the user name.' }),
  age: durationOrZero.default(0).meta({ description: 'The age of the connection when the simulator starts.' }),
  leavesAfter: duration.optional().meta({ description: 'When the person leaves for good, counted from the start.' }),
  ...behaviour,
})

const population = z.strictObject({
  count: z
    .int()
    .min(0)
    .max(200_000)
    .default(0)
    .meta({ description: 'The number of clients that are connected at the start.' }),
  name: name.meta({
    description: 'The name of each client; {n} is its number, from 1. Without {n} all share one name.',
  }),
  ages: durations.default({ from: 0, to: 0 }),
  arrivalsPerMinute: z.number().positive().max(60_000).optional(),
  stay: durations.optional().meta({ description: 'How long each client stays. Without it: for ever.' }),
  ...behaviour,
})

const DEFAULT_ACCOUNT = '111122223333'

const account = z.string().regex(/^\d{12}$/, { error: 'expected an account id of 12 digits' })

export const endpointSchema = z
  .strictObject({
    id: z.string().regex(/^cvpn-endpoint-[0-9a-f]{17}$/, {
      error: 'expected cvpn-endpoint- and 17 hexadecimal digits',
    }),
    name,
    description: z.string().optional(),
    region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, { error: 'expected a Region such as eu-central-1' }),
    account: account.default(DEFAULT_ACCOUNT),
    authentication: z.enum(['certificate', 'directory', 'federated']),
    tags: z.record(z.string(), z.string()).default({}),
    status: z.enum(['available', 'pending-associate', 'pending', 'deleting', 'deleted']).default('available'),
    terminatingFor: durationOrZero
      .default(2 * SECOND)
      .meta({ description: 'The time from `terminating` to `terminated`.' }),
    logGroup: z
      .string()
      .regex(/^[\w./#-]{1,512}$/, { error: 'expected the name of a log group, such as /aws/clientvpn' })
      .optional()
      .meta({ description: 'The log group that gets the connection log. Without it the connections are not logged.' }),
    listedFor: duration.prefault('1h').meta({ description: 'How long an ended connection is listed; at AWS an hour.' }),
    connections: z.array(person).default([]).meta({ description: 'Clients, described one by one.' }),
    clients: z.array(population).default([]).meta({ description: 'Groups of similar clients.' }),
  })
  .superRefine(({ authentication, connections }, context) => {
    const needed = authentication === 'certificate' ? 'commonName' : 'username'
    for (const [index, person] of connections.entries()) {
      const report = (key: string, message: string) =>
        context.addIssue({ code: 'custom', path: ['connections', index, key], message })
      if (person[needed] === undefined) {
        report(needed, `${authentication} authentication needs a ${needed} for each connection: add it`)
      }
      if (authentication === 'certificate' && person.username !== undefined) {
        report('username', 'certificate authentication has no user names: remove it and write only a commonName')
      }
    }
  })

const endpoints = z.array(endpointSchema).min(1)

/** GetCallerIdentity is absent, because IAM cannot deny it. */
const denied = z.enum([...ACTIONS.map((action) => `ec2:${action}` as const), 'logs:FilterLogEvents', 'sts:AssumeRole'])

export type Deniable = z.infer<typeof denied>

const role = z.strictObject({
  arn: z.string().regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/(?:[!-~]+\/)?[\w+=,.@-]{1,64}$/, {
    error: 'expected the ARN of a role, such as arn:aws:iam::111122223333:role/curfew',
  }),
  externalId: z.string().optional().meta({ description: 'Without it the role accepts any external id, and none.' }),
  deny: z.array(denied).default([]).meta({ description: 'The actions that IAM denies to this role.' }),
})

export type RoleScenario = z.output<typeof role>

/** The simulated world. Durations are written as in policies; after parsing they are milliseconds. */
export const scenarioSchema = z.strictObject({
  seed: z.int().default(1),
  buckets: z
    .strictObject({
      describe: rate.default({ burst: 100, perSecond: 20 }),
      terminate: rate.default({ burst: 50, perSecond: 5 }),
      logs: rate.default({ burst: 25, perSecond: 5 }),
    })
    .prefault({})
    .meta({
      description: 'Request limits per account, Region and action. The defaults are the limits that AWS publishes.',
    }),
  account: account
    .default(DEFAULT_ACCOUNT)
    .meta({ description: 'The account of every access key that AssumeRole did not issue.' }),
  deny: z.array(denied).default([]).meta({ description: 'The actions that IAM denies to those keys.' }),
  roles: z.array(role).default([]).meta({ description: 'The roles that AssumeRole accepts.' }),
  faults: faultList.default([]).meta({ description: 'The faults of AWS, and of the network in front of it.' }),
  endpoints: endpoints.superRefine((list, context) => {
    const seen = new Set<string>()
    for (const [index, { id }] of list.entries()) {
      if (seen.has(id))
        context.addIssue({
          code: 'custom',
          path: [index, 'id'],
          message: `the endpoint ${id} is listed twice: remove one`,
        })
      seen.add(id)
    }
  }),
})

export type EndpointInput = z.input<typeof endpointSchema>
export type ScenarioInput = z.input<typeof scenarioSchema>
export type Scenario = z.output<typeof scenarioSchema>
export type EndpointScenario = Scenario['endpoints'][number]
export type PersonScenario = EndpointScenario['connections'][number]
export type PopulationScenario = EndpointScenario['clients'][number]
export type Authentication = EndpointScenario['authentication']
