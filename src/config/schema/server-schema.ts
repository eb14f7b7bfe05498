import * as z from 'zod'
import { secretSource } from './notify-schema.ts'

/**
 * bcrypt runs in JavaScript, in the process that enforces. A login takes 60 ms at cost 10, 240 ms at cost 12, and twice
 * as long with each further step (measured on two cores of a server).
 */
const MAX_COST = 12

/** From cost 4, the lowest of bcrypt, to cost 12. */
const BCRYPT_HASH = /^\$2[aby]\$(?:0[4-9]|1[0-2])\$[./A-Za-z0-9]{53}$/

const CREATE_HASH = 'create one with "htpasswd -nBC 10 NAME"'

/** The message never repeats the written value, for it may be the password itself. */
const notAHash = (input: unknown): string => {
  const [, cost] = /^\$2[aby]\$(\d\d)\$/.exec(String(input)) ?? []
  return cost !== undefined && Number(cost) > MAX_COST
    ? `the bcrypt cost is ${Number(cost)}, at most ${MAX_COST} is allowed, because each login delays enforcement: ${CREATE_HASH}`
    : `this is not a bcrypt hash (the value is not shown, because it may be a password): ${CREATE_HASH}`
}

const basicAuthUsers = z
  .record(
    // In the Authorization header a colon ends the user name.
    z.string().regex(/^[^:\p{Cc}]+$/u, {
      error: 'this user name is empty or contains a colon or a control character: correct it',
    }),
    z.string().regex(BCRYPT_HASH, { error: ({ input }) => notAHash(input) }),
  )
  .refine((users) => Object.keys(users).length > 0, { error: 'no users are named: name one, or remove the key' })
  .meta({
    description:
      'The users who may log in: name and bcrypt hash (htpasswd -nBC 10 NAME), cost 12 at most. /healthz and /readyz need no login.',
    minProperties: 1,
  })

const path = z.string().min(1)

const tls = z
  .strictObject({
    certFile: path.meta({
      description: 'The certificate in PEM, followed by those of its issuers.',
      examples: ['./tls/curfew.pem'],
    }),
    keyFile: path.meta({
      description: 'The private key of the certificate in PEM, without a passphrase.',
      examples: ['./tls/curfew.key'],
    }),
    clientCaFile: path.optional().meta({
      description:
        'CA certificates in PEM. Only clients with a certificate of one of these CAs can connect, to /healthz and /readyz too.',
      examples: ['./tls/clients.pem'],
    }),
  })
  .meta({ description: 'Serve HTTPS instead of HTTP. Renewed files are loaded within a minute. Default: HTTP.' })

/** The key `server` of `curfew.yaml`. */
export const server = z
  .strictObject({
    host: z
      .string()
      .min(1)
      .default('127.0.0.1')
      .meta({ description: 'The address to listen on. 0.0.0.0 for every IPv4 address of this machine.' }),
    port: z.int().min(0).max(65_535).default(9464).meta({ description: 'The port to listen on; 0 for any free port.' }),
    tls: tls.optional(),
    basicAuthUsers: basicAuthUsers.optional(),
    bearerTokenFile: path.optional().meta({
      description:
        'A file with a token. Clients that send it may read. With basicAuthUsers, either of the two is enough. /healthz and /readyz need no token.',
      examples: ['./token'],
    }),
    showNames: z.boolean().default(false).meta({
      description:
        'Whether the page at / names users in its events and in the problems of a refused configuration. Needs basicAuthUsers or bearerTokenFile.',
    }),
    publicUrl: z
      .string()
      .optional()
      .meta({
        description:
          'The https URL at which people reach this server, for the links of `extend`. Default: no links are sent.',
        examples: ['https://curfew.corp.example'],
      }),
    linkKey: secretSource.optional().meta({
      description: 'The key that signs the links, at least 32 characters: openssl rand -hex 32. It needs `publicUrl`.',
    }),
  })
  .prefault({})
  .meta({
    description:
      'Where metrics and health are served, and the clients that may read them. Paths are relative to this file.',
  })
