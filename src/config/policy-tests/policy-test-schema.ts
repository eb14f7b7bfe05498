import * as z from 'zod'
import { parseSize } from '../../domain/size.ts'
import { type Instant, NEVER } from '../../domain/time/instant.ts'
import { instant, parseInstant } from '../../domain/time/instant-text.ts'
import { commonKeys } from '../schema/policies-schema.ts'
import { schemaKey } from '../schema/schema-key.ts'

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

/** The keys for the expected result of a connection. They are keys of the case or of each of its connections. */
const expectationKeys = {
  expect: z.enum(['terminate', 'keep']).optional().meta({
    description: 'The expected decision, terminate or keep: once for the whole case, or for each of its connections.',
  }),
  by: z.array(z.string().min(1)).optional().meta({
    description: 'The names of all policies whose violations are due, no more and no fewer. Default: not checked.',
  }),
  nextAt: nextAt.optional().meta({
    description: 'When the decision changes next if only time passes, or never.',
    examples: ['2026-11-24T07:30:00+01:00', 'never'],
  }),
}

export const EXPECTATION_KEYS = Object.keys(expectationKeys) as readonly (keyof typeof expectationKeys)[]

const connection = z.strictObject({
  id: z.string().min(1).optional().meta({ description: 'The id of the connection. Default: a unique id.' }),
  username: z.string().optional().meta({ description: 'The user name.' }),
  commonName: z.string().optional().meta({ description: 'The common name of the certificate.' }),
  endpoint: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'The id of the endpoint. Default cvpn-endpoint-00000000000000000.' }),
  region: z.string().min(1).optional().meta({ description: 'The AWS Region. Default eu-central-1.' }),
  endpointName: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'The name of the endpoint under `watch`. Default: its tag Name, if `tags` are given.' }),
  tags: z
    .record(z.string().min(1), z.string())
    .optional()
    .meta({ description: 'The tags of the endpoint, all of them. Default: unknown.', examples: [{ env: 'prod' }] }),
  established: instant.optional().meta({ description: 'When the connection was established.' }),
  status: z.string().min(1).optional().meta({ description: 'The status of the connection at AWS. Default active.' }),
  bytes: z
    .strictObject({
      in: count.optional().meta({ description: 'Bytes that the client sent: a number, or a size such as 10GiB.' }),
      out: count.optional().meta({ description: 'Bytes that the client received: a number, or a size.' }),
    })
    .optional()
    .meta({ description: 'The byte counters.' }),
  lastActivity: instant.optional().meta({ description: 'When the byte counters last changed.' }),
  posture: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .meta({ description: 'The posture statuses from the client connect handler.' }),
  ...expectationKeys,
})

export type WrittenConnection = z.output<typeof connection>

/** The keys of one case. */
export const caseKeys = {
  name: commonKeys.name.meta({ description: 'A short description of what the case shows.' }),
  at: instant.meta({ description: 'The instant at which the policies are evaluated.' }),
  connection: connection
    .optional()
    .meta({ description: 'The only connection of the case. Facts that are not given are unknown.' }),
  connections: z
    .array(connection)
    .min(1)
    .optional()
    .meta({ description: 'Several connections. Those with the same endpoint form its whole snapshot.' }),
  ...expectationKeys,
  cuts: z
    .array(
      z.strictObject({
        username: z.string().min(1).meta({ description: 'The user name of the terminated connection.' }),
        policy: z.string().min(1).meta({ description: 'The policy that terminated it.' }),
        at: instant.meta({ description: 'When it was terminated.' }),
      }),
    )
    .min(1)
    .optional()
    .meta({ description: 'Earlier terminations, after which cooldowns apply.' }),
}

export type WrittenCase = { readonly [Key in keyof typeof caseKeys]: z.output<(typeof caseKeys)[Key]> | undefined }

/** The keys of a policy test file. */
export const testFileKeys = {
  $schema: schemaKey,
  version: z.literal(1).meta({ description: 'The version of this format: 1.' }),
  policies: z
    .array(z.string().min(1))
    .min(1)
    .meta({
      description: 'Policy files, or folders of them, that are tested together; relative to this file.',
      examples: [['./contractors.yaml']],
    }),
  cases: z
    .array(z.unknown())
    .min(1)
    .meta({ description: 'The cases: connections, and the decisions that are expected for them.' }),
}

/** A policy test file as a whole, for the JSON Schema. */
export const testFile = z.strictObject({
  ...testFileKeys,
  cases: z
    .array(z.strictObject(caseKeys))
    .min(1)
    .meta({ description: 'The cases: connections, and the decisions that are expected for them.' }),
})
