import * as z from 'zod'
import { NOTIFICATION_EVENTS } from '../configuration.ts'

/** Names that work as a metric label, in log lines and for people. */
const TARGET_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/

/** A head each hour is of use only to a receiver that keeps it. */
const USUAL_EVENTS = NOTIFICATION_EVENTS.filter((event) => event !== 'audit-head')

const secretSource = z
  .strictObject({
    env: z
      .string()
      .regex(/^[A-Za-z_]\w*$/, { error: 'expected the name of an environment variable: letters, digits and _' })
      .optional()
      .meta({ description: 'The environment variable that holds the value.', examples: ['CURFEW_SLACK_URL'] }),
    file: z.string().min(1).optional().meta({ description: 'The file that holds the value, relative to this file.' }),
  })
  // For editors. `bindNotify` reports it with a message.
  .meta({ oneOf: [{ required: ['env'] }, { required: ['file'] }] })

const target = z
  .strictObject({
    name: z
      .string()
      .regex(TARGET_NAME, { error: 'expected a name of up to 63 letters, digits and ._-, a letter or digit first' })
      .optional()
      .meta({
        description:
          'The name of the receiver in metrics and logs. Default: its kind and its place in the list, such as webhook-1 or slack-2.',
      }),
    webhook: z
      .union([z.string().min(1), secretSource])
      .optional()
      .meta({ description: 'The address to which CloudEvents are posted: a URL, { env: NAME } or { file: PATH }.' }),
    slack: secretSource
      .optional()
      .meta({ description: 'The address of an incoming webhook of Slack. It is a secret.' }),
    secret: secretSource.optional().meta({
      description:
        'The key that requests are signed with, as in Standard Webhooks: whsec_ and 24 to 64 bytes in base64.',
    }),
    events: z
      .array(z.enum(NOTIFICATION_EVENTS))
      .min(1)
      .default(USUAL_EVENTS)
      .meta({ description: 'The events that are sent. Default: all but audit-head.' }),
  })
  .meta({ oneOf: [{ required: ['webhook'] }, { required: ['slack'] }] })

/** The key `notify` of `curfew.yaml`. */
export const notify = z.array(target).default([]).meta({ description: 'The receivers of notifications.' })
