import * as z from 'zod'
import { NOTIFICATION_EVENTS } from '../configuration.ts'

/** Names that Prometheus, a log and a person can all live with. */
const TARGET_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/

const secretSource = z
  .strictObject({
    env: z
      .string()
      .regex(/^[A-Za-z_]\w*$/, { error: 'expected the name of an environment variable: letters, digits and _' })
      .optional()
      .meta({ description: 'The environment variable that holds it.', examples: ['CURFEW_SLACK_URL'] }),
    file: z.string().min(1).optional().meta({ description: 'The file that holds it, relative to this file.' }),
  })
  // For editors; `bindNotify` says it in words.
  .meta({ oneOf: [{ required: ['env'] }, { required: ['file'] }] })

const target = z
  .strictObject({
    name: z
      .string()
      .regex(TARGET_NAME, { error: 'expected a name of up to 63 letters, digits and ._-, a letter or digit first' })
      .optional()
      .meta({ description: 'Its label in metrics and log; by default webhook-1, slack-2 and so on, by its place.' }),
    webhook: z
      .union([z.string().min(1), secretSource])
      .optional()
      .meta({ description: 'Where CloudEvents are posted: a URL, { env: NAME } or { file: PATH }.' }),
    slack: secretSource.optional().meta({ description: 'The address of an incoming webhook of Slack, a secret.' }),
    secret: secretSource.optional().meta({
      description: 'What signs, as Standard Webhooks have it: whsec_ and 24 to 64 bytes in base64.',
    }),
    events: z
      .array(z.enum(NOTIFICATION_EVENTS))
      .min(1)
      .default([...NOTIFICATION_EVENTS])
      .meta({ description: 'What it is told of; by default everything.' }),
  })
  .meta({ oneOf: [{ required: ['webhook'] }, { required: ['slack'] }] })

/** The key `notify` of `curfew.yaml`. */
export const notify = z.array(target).default([]).meta({ description: 'Who is told of what happens.' })
