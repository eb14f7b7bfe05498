import * as z from 'zod'
import { duration, durationOrZero, parseDuration } from '../domain/time/duration.ts'
import { DAY, SECOND } from '../domain/time/instant.ts'
import { ACTIONS } from './action-name.ts'
import { faultList } from './fault-schema.ts'

const name = z.string().regex(/^[^\p{Cc}]+$/u, { error: 'expected a name without control characters' })

/** Random numbers are drawn from spans of 32 bits; no session lasts longer. */
const LONGEST_RANGE_MS = 24 * DAY

const durations = z
  .strictObject({ from: durationOrZero, to: durationOrZero })
  .refine(({ from, to }) => from <= to, { error: '"from" must not be greater than "to"' })
  .refine(({ to }) => to <= LONGEST_RANGE_MS, { error: '"to" must not be longer than 24d' })

/** Both ends included. */
export type Range = z.infer<typeof durations>

const rate = z.strictObject({ burst: z.int().positive(), perSecond: z.number().positive() })

const reconnectAfter = z.string().transform((text, context): number | 'never' => {
  if (text === 'never') return text
  const parsed = parseDuration(text)
  if ('ms' in parsed) return parsed.ms
  context.issues.push({ code: 'custom', message: `${parsed.problem}, or write never`, input: text })
  return z.NEVER
})

const behaviour = {
  idle: z.boolean().default(false).meta({ description: 'Sends nothing but keep-alives.' }),
  posture: z.array(name).default([]).meta({ description: 'What the endpoint’s connect handler said of the device.' }),
  reconnectAfter: reconnectAfter
    .optional()
    .meta({ description: 'How long after a cut the client is back. Without it: 2 to 3 s, federated clients never.' }),
}

const person = z.strictObject({
  username: name.optional(),
  commonName: name
    .optional()
    .meta({ description: 'Of the certificate; people with a user name have that one by default.' }),
  age: durationOrZero
    .default(0)
    .meta({ description: 'How long the connection has been up when the simulator starts.' }),
  leavesAfter: duration.optional().meta({ description: 'When the person goes home, counted from the start.' }),
  ...behaviour,
})

const population = z.strictObject({
  count: z.int().min(0).max(200_000).default(0).meta({ description: 'How many are connected at the start.' }),
  name: name.meta({ description: 'Who they are; {n} counts them from 1. Without {n} they all share the name.' }),
  ages: durations.default({ from: 0, to: 0 }),
  arrivalsPerMinute: z.number().positive().max(60_000).optional(),
  stay: durations.optional().meta({ description: 'How long each stays. Without it: for ever.' }),
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
    terminatingFor: durationOrZero.default(2 * SECOND).meta({ description: 'From `terminating` to `terminated`.' }),
    listedFor: duration.prefault('1h').meta({ description: 'How long an ended connection is listed; at AWS an hour.' }),
    connections: z.array(person).default([]).meta({ description: 'People, one by one.' }),
    clients: z.array(population).default([]).meta({ description: 'People by the hundred.' }),
  })
  .superRefine(({ authentication, connections }, context) => {
    const needed = authentication === 'certificate' ? 'commonName' : 'username'
    for (const [index, person] of connections.entries()) {
      const say = (key: string, message: string) =>
        context.addIssue({ code: 'custom', path: ['connections', index, key], message })
      if (person[needed] === undefined) say(needed, `with ${authentication} authentication a ${needed} is needed`)
      if (authentication === 'certificate' && person.username !== undefined) {
        say('username', 'a certificate gives no user name: write a commonName alone')
      }
    }
  })

const endpoints = z.array(endpointSchema).min(1)

/** GetCallerIdentity is not among them: nobody can be denied that. */
const denied = z.enum([...ACTIONS.map((action) => `ec2:${action}` as const), 'sts:AssumeRole'])

export type Deniable = z.infer<typeof denied>

const role = z.strictObject({
  arn: z.string().regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/(?:[!-~]+\/)?[\w+=,.@-]{1,64}$/, {
    error: 'expected the ARN of a role, such as arn:aws:iam::111122223333:role/curfew',
  }),
  externalId: z.string().optional().meta({ description: 'Without it the role asks for none, and takes any.' }),
  deny: z.array(denied).default([]).meta({ description: 'Actions that IAM would refuse to this role.' }),
})

export type RoleScenario = z.output<typeof role>

/** The world that is simulated. Durations are written as in policies and hold milliseconds once parsed. */
export const scenarioSchema = z.strictObject({
  seed: z.int().default(1),
  buckets: z
    .strictObject({
      describe: rate.default({ burst: 100, perSecond: 20 }),
      terminate: rate.default({ burst: 50, perSecond: 5 }),
    })
    .prefault({})
    .meta({ description: 'Request limits per account, Region and action; the defaults are those AWS publishes.' }),
  account: account.default(DEFAULT_ACCOUNT).meta({ description: 'Of every access key that STS has not given out.' }),
  deny: z.array(denied).default([]).meta({ description: 'Actions that IAM would refuse to those keys.' }),
  roles: z.array(role).default([]).meta({ description: 'Who may be assumed.' }),
  faults: faultList.default([]).meta({ description: 'What AWS, and the network before it, get wrong.' }),
  endpoints: endpoints.superRefine((list, context) => {
    const seen = new Set<string>()
    for (const [index, { id }] of list.entries()) {
      if (seen.has(id))
        context.addIssue({ code: 'custom', path: [index, 'id'], message: `endpoint ${id} is there twice` })
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
