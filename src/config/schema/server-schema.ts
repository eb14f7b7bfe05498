import * as z from 'zod'

/**
 * bcrypt runs in JavaScript, in the process that enforces: a login costs it 60 ms at cost 10, 240 ms at 12 and twice as
 * much with each step (measured on two cores of a server).
 */
const MOST_COST = 12

/** Of cost 4, the least that there is, to 12. */
const BCRYPT_HASH = /^\$2[aby]\$(?:0[4-9]|1[0-2])\$[./A-Za-z0-9]{53}$/

const MAKE_ONE = 'make one with "htpasswd -nBC 10 NAME"'

/** What was written is never shown: it may be the password itself. */
const notAHash = (input: unknown): string => {
  const [, cost] = /^\$2[aby]\$(\d\d)\$/.exec(String(input)) ?? []
  return cost !== undefined && Number(cost) > MOST_COST
    ? `the bcrypt cost is ${Number(cost)}, at most ${MOST_COST} is taken, because each login would hold up enforcement: ${MAKE_ONE}`
    : `this is not a bcrypt hash (it is not shown, for it may be a password): ${MAKE_ONE}`
}

const basicAuthUsers = z
  .record(
    // A colon ends the name in the header.
    z.string().regex(/^[^:\p{Cc}]+$/u, { error: 'a user name is not empty and holds no colon nor control character' }),
    z.string().regex(BCRYPT_HASH, { error: ({ input }) => notAHash(input) }),
  )
  .refine((users) => Object.keys(users).length > 0, { error: 'no user is named: name one, or remove the key' })
  .meta({
    description:
      'Who may read, by name and bcrypt hash (htpasswd -nBC 10 NAME), cost 12 at most. /healthz and /readyz stay open.',
    minProperties: 1,
  })

const path = z.string().min(1)

const tls = z
  .strictObject({
    certFile: path.meta({ description: 'The certificate in PEM, those of its issuers behind it.' }),
    keyFile: path.meta({ description: 'The private key of the certificate in PEM, without a passphrase.' }),
    clientCaFile: path.optional().meta({
      description:
        'CA certificates in PEM: only clients with a certificate of theirs get in, to /healthz and /readyz too.',
    }),
  })
  .meta({ description: 'HTTPS instead of HTTP. Renewed files are taken within a minute.' })

/** The key `server` of `curfew.yaml`. */
export const server = z
  .strictObject({
    host: z.string().min(1).default('127.0.0.1').meta({ description: 'The address to listen on.' }),
    port: z
      .int()
      .min(0)
      .max(65_535)
      .default(9464)
      .meta({ description: 'The port to listen on; 0 for any that is free.' }),
    tls: tls.optional(),
    basicAuthUsers: basicAuthUsers.optional(),
    bearerTokenFile: path.optional().meta({
      description:
        'A file with a token that lets in whoever sends it. With basicAuthUsers, either will do. /healthz and /readyz stay open.',
    }),
  })
  .prefault({})
  .meta({ description: 'Where metrics and health are served, and to whom. Paths are relative to this file.' })
