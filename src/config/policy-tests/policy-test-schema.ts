import * as z from 'zod'
import { parseSize } from '../../domain/size.ts'
import { type Instant, NEVER } from '../../domain/time/instant.ts'
import { instant, parseInstant } from '../../domain/time/instant-text.ts'
import { commonKeys } from '../schema/policies-schema.ts'

const count = z
  .union([
    z.int().min(0),
    z.string().transform((text, context): number => {
      const parsed = parseSize(text)
      if ('bytes' in parsed) return parsed.bytes
      context.issues.push({ code: 'custom', message: parsed.problem, input: text })
      return z.NEVER
    }),
  ])
  .meta({ examples: [0, '10GiB'] })

/** An instant, or `never`. */
const nextAt = z.string().transform((text, context): Instant => {
  if (text === 'never') return NEVER
  const parsed = parseInstant(text)
  if ('at' in parsed) return parsed.at
  context.issues.push({ code: 'custom', message: `${parsed.problem}, or never`, input: text })
  return z.NEVER
})

/** What is expected of a connection; stands in the case or in each of its connections. */
const expectationKeys = {
  expect: z
    .enum(['terminate', 'keep'])
    .optional()
    .meta({ description: 'terminate or keep: once for the whole case, or in each of its connections.' }),
  by: z
    .array(z.string().min(1))
    .optional()
    .meta({ description: 'Exactly the policies past their deadline. Without it, whichever.' }),
  nextAt: nextAt.optional().meta({
    description: 'When terminate or keep changes next, if nothing but time moves; or never.',
    examples: ['2026-11-24T07:30:00+01:00', 'never'],
  }),
}

export const EXPECTATION_KEYS = Object.keys(expectationKeys) as readonly (keyof typeof expectationKeys)[]

const connection = z.strictObject({
  id: z.string().min(1).optional().meta({ description: 'The id. Without it, one that no other connection has.' }),
  username: z.string().optional().meta({ description: 'The user name.' }),
  commonName: z.string().optional().meta({ description: 'The common name of the certificate.' }),
  endpoint: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'The id of the endpoint. Default cvpn-endpoint-00000000000000000.' }),
  region: z.string().min(1).optional().meta({ description: 'The AWS Region. Default eu-central-1.' }),
  established: instant.optional().meta({ description: 'When it was established.' }),
  status: z.string().min(1).optional().meta({ description: 'AWS’s word for its state. Default active.' }),
  bytes: z
    .strictObject({
      in: count.optional().meta({ description: 'Bytes that the client sent: a number, or a size such as 10GiB.' }),
      out: count.optional().meta({ description: 'Bytes that the client received: a number, or a size.' }),
    })
    .optional()
    .meta({ description: 'The byte counters.' }),
  lastActivity: instant.optional().meta({ description: 'Since when the byte counters have stood still.' }),
  posture: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .meta({ description: 'Posture statuses given by the client connect handler.' }),
  ...expectationKeys,
})

export type WrittenConnection = z.output<typeof connection>

/** The keys of one case. */
export const caseKeys = {
  name: commonKeys.name.meta({ description: 'What the case shows, in a few words.' }),
  at: instant.meta({ description: 'The instant at which the policies are asked.' }),
  connection: connection.optional().meta({ description: 'The only connection. What is not given is unknown.' }),
  connections: z
    .array(connection)
    .min(1)
    .optional()
    .meta({ description: 'Several connections; those with the same endpoint are its whole snapshot.' }),
  ...expectationKeys,
  cuts: z
    .array(
      z.strictObject({
        username: z.string().min(1).meta({ description: 'Whose connection was ended.' }),
        policy: z.string().min(1).meta({ description: 'In the name of which policy.' }),
        at: instant.meta({ description: 'When.' }),
      }),
    )
    .min(1)
    .optional()
    .meta({ description: 'Connections that were ended before: what cooldowns follow.' }),
}

export type WrittenCase = { readonly [Key in keyof typeof caseKeys]: z.output<(typeof caseKeys)[Key]> | undefined }

/** The keys of a file of policy tests. */
export const testFileKeys = {
  version: z.literal(1).meta({ description: 'The version of this format: 1.' }),
  policies: z
    .array(z.string().min(1))
    .min(1)
    .meta({
      description: 'Files of policies, or folders of them, to be tested together; relative to this file.',
      examples: [['./contractors.yaml']],
    }),
  cases: z.array(z.unknown()).min(1).meta({ description: 'What is seen, and what is expected.' }),
}

/** A file of policy tests as a whole, for the JSON Schema. */
export const testFile = z.strictObject({
  ...testFileKeys,
  cases: z.array(z.strictObject(caseKeys)).min(1).meta({ description: 'What is seen, and what is expected.' }),
})
