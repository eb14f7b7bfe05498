import * as z from 'zod'
import { duration, formatDuration } from '../../domain/time/duration.ts'
import { MINUTE, SECOND } from '../../domain/time/instant.ts'
import { secretSource } from './notify-schema.ts'
import { region } from './region.ts'

/**
 * A replica asks the database once a second, and stops half a second before its lease ends: with less, one slow answer
 * would cost it all its units.
 */
const SHORTEST_LEASE_MS = 2 * SECOND

/** Nobody enforces on the endpoints of a lost replica for as long as its lease. */
const LONGEST_LEASE_MS = MINUTE

const off = z.string().regex(/^off$/, {
  error: ({ input }) => `tls is ${JSON.stringify(input)}, expected { caFile: PATH } or off`,
})

const caFile = z
  .string()
  .min(1)
  .optional()
  .meta({
    description:
      'A PEM file with the authorities that the certificate of the server is checked with; relative to this file. Default: those of Node.js.',
    examples: ['/etc/ssl/rds-global-bundle.pem'],
  })

/** The key `engine` of `curfew.yaml`. */
export const engine = z
  .strictObject({
    kind: z.enum(['files', 'postgres']).default('files').meta({
      description:
        'files: one process, with the files `audit.file` and `state.file`. postgres: replicas that share the endpoints, with the trail and the state in PostgreSQL.',
    }),
    url: secretSource.optional().meta({
      description:
        'Where the URL of the database is read from: postgres://USER:PASSWORD@HOST:PORT/DATABASE. It is a secret. Required with `kind: postgres`.',
      examples: [{ env: 'CURFEW_DATABASE_URL' }],
    }),
    lease: duration
      .refine((ms) => ms >= SHORTEST_LEASE_MS && ms <= LONGEST_LEASE_MS, {
        error: `the lease must be from ${formatDuration(SHORTEST_LEASE_MS)} to ${formatDuration(LONGEST_LEASE_MS)}: a shorter one is lost by one slow answer, and for as long as a longer one nobody enforces on the endpoints of a lost replica`,
      })
      .prefault('6s')
      .meta({
        description:
          'How long the database waits for a silent replica before it gives the endpoints of that replica to others, from 2s to 1m.',
        examples: ['6s'],
      }),
    tls: z
      .union([off, z.strictObject({ caFile })])
      .optional()
      .meta({
        title: '{ caFile: PATH }, or off',
        description:
          'The connection to the database is encrypted, and the certificate of the server must be valid for its host name. `caFile`: the authorities that it is checked with, relative to this file. off: no TLS, for a server on this machine. Default: { }, TLS with the authorities of Node.js.',
        examples: [{ caFile: '/etc/ssl/rds-global-bundle.pem' }],
      }),
    iam: z
      .strictObject({
        region: region.meta({
          title: 'Region',
          description: 'The AWS Region of the database.',
          examples: ['eu-central-1'],
        }),
      })
      .optional()
      .meta({
        title: '{ region: REGION }',
        description:
          "Sign in with a token of IAM in place of a password, at RDS or Aurora: Curfew's own credentials need `rds-db:connect`. Default: the password of the URL.",
        examples: [{ region: 'eu-central-1' }],
      }),
  })
  .prefault({})
  .meta({
    description: 'Where the audit trail and the state are kept, and whether replicas share the work.',
  })
