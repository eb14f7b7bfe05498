import * as z from 'zod'
import { NOTIFICATION_EVENTS } from '../configuration.ts'
import { rateOf } from './rate.ts'

/** Names that work as a metric label, in log lines and for people. */
const TARGET_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/

export const secretSource = z
  .strictObject({
    env: z
      .string()
      .regex(/^[A-Za-z_]\w*$/, { error: 'expected the name of an environment variable: letters, digits and _' })
      .optional()
      .meta({ description: 'The environment variable that holds the value.', examples: ['CURFEW_SLACK_URL'] }),
    file: z.string().min(1).optional().meta({ description: 'The file that holds the value, relative to this file.' }),
  })
  // For editors. `bindNotify` reports it with a message.
  .meta({ title: '{ env: NAME } or { file: PATH }', oneOf: [{ required: ['env'] }, { required: ['file'] }] })

const slackBot = z
  .strictObject({
    token: secretSource.meta({
      description: 'The bot token, xoxb-…, of a Slack app with the scopes users:read.email and chat:write.',
    }),
    apiUrl: z
      .string()
      .optional()
      .meta({
        description: "The URL of Slack's Web API. Default: https://slack.com/api/.",
        examples: ['https://slack-gov.com/api/'],
      }),
  })
  .meta({ description: 'A Slack app that sends a direct message to the person whose session it is.' })

const email = z
  .strictObject({
    smarthost: z
      .string()
      .min(1)
      .meta({
        description: 'The mail server, as HOST:PORT. On port 465 TLS begins at once, on others by STARTTLS.',
        examples: ['smtp.corp.example:587'],
      }),
    from: z
      .string()
      .min(1)
      .meta({
        description: 'The sender: an address, or NAME <ADDRESS>.',
        examples: ['VPN <vpn@corp.example>'],
      }),
    username: z.string().min(1).optional().meta({ description: 'The user name at the mail server.' }),
    password: secretSource.optional().meta({ description: 'The password at the mail server.' }),
    requireTls: z.boolean().default(true).meta({
      description: 'Whether mail is sent over TLS only. false is allowed for a mail server on this machine.',
    }),
    caFile: z.string().min(1).optional().meta({
      description:
        'A PEM file with the authorities that the certificate of the mail server is checked with; relative to this file. Default: those of Node.js.',
    }),
    rate: rateOf(10, 5, 'mails').meta({ description: 'The rate of mails that the mail server accepts.' }),
  })
  .meta({ description: 'A mail server, for mail to the person whose session it is.' })

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
      .meta({
        description:
          'The address to which CloudEvents are posted: a URL, { env: NAME } or { file: PATH }. An entry has one of `webhook`, `slack`, `slackBot` and `email`.',
        examples: ['https://hooks.example/curfew'],
      }),
    slack: secretSource.optional().meta({
      description: 'The address of an incoming webhook of Slack. It is a secret.',
      examples: [{ env: 'CURFEW_SLACK_URL' }],
    }),
    slackBot: slackBot.optional(),
    email: email.optional(),
    secret: secretSource.optional().meta({
      description:
        'The key that requests are signed with, as in Standard Webhooks: whsec_ and 24 to 64 bytes in base64.',
    }),
    events: z.array(z.enum(NOTIFICATION_EVENTS)).min(1).optional().meta({
      description:
        'The events that are sent. Default: all but audit-head; for slackBot and email, which know warning and terminated only, warning.',
    }),
  })
  .meta({ oneOf: ['webhook', 'slack', 'slackBot', 'email'].map((receiver) => ({ required: [receiver] })) })

/** The key `notify` of `curfew.yaml`. */
export const notify = z.array(target).default([]).meta({ description: 'The receivers of notifications.' })
