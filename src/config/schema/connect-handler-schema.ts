import * as z from 'zod'
import { fits, MOST_BYTES } from '../../domain/door/answer-text.ts'
import { ON_ERROR } from '../../domain/door/door-rules.ts'
import { MOST_STATUSES } from '../../domain/door/posture-statuses.ts'
import { MODES } from '../../domain/policies/policy.ts'
import { commonKeys } from './policies-schema.ts'

const status = z.string().refine(fits, {
  error: ({ input }) =>
    `${JSON.stringify(input)} is not a posture status: expected 1 to ${MOST_BYTES} bytes (most letters beyond English have 2 or 3), without control characters, and of white space only single blanks within`,
})

/** The settings of the client connect handler. */
export const connectHandler = z
  .strictObject({
    mode: z.enum(MODES).optional().meta({
      description:
        'audit: the handler allows everybody, and logs whom it would deny. enforce: it denies them. Default: `mode` of this file.',
    }),
    onError: z.enum(ON_ERROR).default('allow').meta({
      description:
        'The answer of the handler when it cannot decide. deny locks everybody out if anything is wrong with the handler. In audit mode the answer is always allow.',
    }),
    posture: z
      .array(
        z.strictObject({
          // The lengths are for editors, which count characters.
          status: status.meta({
            description: 'The posture status that AWS keeps for the connection.',
            minLength: 1,
            maxLength: MOST_BYTES,
          }),
          match: commonKeys.match.meta({
            description: 'The connections that get the status: one match in every given list. Default: all.',
            minProperties: 1,
          }),
        }),
      )
      .refine((rules) => new Set(rules.map((rule) => rule.status)).size <= MOST_STATUSES, {
        error: `more than ${MOST_STATUSES} different statuses, and AWS keeps no more of a connection: remove some`,
      })
      .default([])
      .meta({
        description:
          'The posture statuses that the handler gives to connections, for policies of kind `posture`. Default: none.',
        examples: [[{ status: 'managed', match: { users: ['*@corp.example'] } }]],
      }),
  })
  .prefault({})
  .meta({
    description:
      'The client connect handler, which `curfew connect-handler build` makes: AWS asks it before it lets anybody in.',
  })
