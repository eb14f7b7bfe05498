import * as z from 'zod'
import { NEVER } from '../time/instant.ts'
import { definePolicyKind, type Shared } from './policy.ts'

const statuses = z.array(z.string().min(1)).min(1)

const keys = z
  .strictObject({
    require: statuses.optional().meta({ description: 'Posture statuses that a connection must have, all of them.' }),
    deny: statuses.optional().meta({ description: 'Posture statuses of which a connection must have none.' }),
  })
  // `when` makes this check run even after another check has failed, so that every problem is reported in one go.
  .refine((written) => written.require !== undefined || written.deny !== undefined, {
    when: () => true,
    message: 'the policy asks for no posture status: write "require", "deny" or both',
  })

/** Statuses that a connection must have all of, and none of. */
interface Rule {
  readonly require: readonly string[]
  readonly deny: readonly string[]
}

const bind = ({ require = [], deny = [] }: z.output<typeof keys>, shared: Shared): Rule => {
  for (const [index, status] of deny.entries()) {
    if (require.includes(status)) {
      shared.problem(
        ['deny', index],
        `"${status}" is required as well, and no connection can satisfy both: remove it from one of the lists`,
      )
    }
  }
  return { require, deny }
}

const oneOf = (statuses: readonly string[]) =>
  statuses.length === 1
    ? `the status "${statuses[0]}"`
    : `one of the statuses ${statuses.map((one) => `"${one}"`).join(', ')}`

const WHAT_TO_DO = 'Bring your device into the required state, then connect again.'

const violationOf = ({ require, deny }: Rule, given: readonly string[]): string | undefined => {
  const denied = deny.find((status) => given.includes(status))
  if (denied !== undefined) return `the device has the denied status "${denied}"`
  const missing = require.find((status) => !given.includes(status))
  return missing === undefined ? undefined : `the device lacks the required status "${missing}"`
}

export const posture = definePolicyKind({
  kind: 'posture',
  reason: 'posture',
  rank: 20,
  scope: 'connection',
  facts: 'immutable',
  summary:
    'Ends connections of devices whose posture statuses, given by the client connect handler, violate the policy.',
  whatToDo: WHAT_TO_DO,
  atTheDoor: {
    reason: (rule, { connection: { posture: given = [] } }) => violationOf(rule, given) ?? '',
    texts: (rule, { connection: { posture: given = [] } }) => {
      const denied = `VPN access is denied: ${violationOf(rule, given)}`
      return [`${denied}. ${WHAT_TO_DO}`, denied]
    },
    statuses: ({ require, deny }) => [
      ...require.map((status, index) => ({ path: ['require', index], status, isRequired: true })),
      ...deny.map((status, index) => ({ path: ['deny', index], status, isRequired: false })),
    ],
  },
  keys,
  fileKeys: [],
  namesUsers: false,
  bind,
  words: ({ require, deny }) =>
    `whose device ${[
      ...(deny.length === 0 ? [] : [`has ${oneOf(deny)}`]),
      ...(require.length === 0 ? [] : [`lacks ${oneOf(require)}`]),
    ].join(', or ')}`,
  covers: (rule) => (other) =>
    other.require.every((status) => rule.require.includes(status)) &&
    other.deny.every((status) => rule.deny.includes(status)),
  judge: (rule) => () => ({
    find({ id, posture: given, establishedAt }, history, now) {
      // An endpoint without a client connect handler reports no statuses, which proves nothing about the device.
      if (given === undefined || given.length === 0) {
        return { word: 'unknown', until: NEVER, lacks: 'posture statuses' }
      }
      if (violationOf(rule, given) === undefined) return { word: 'fine', until: NEVER }
      const known = establishedAt !== undefined && establishedAt <= now
      return { word: 'violated', since: known ? establishedAt : (history.firstSeenAt(id) ?? now), until: NEVER }
    },
    because({ posture: given = [] }) {
      if (given.length === 0) return 'the connection has no posture statuses'
      return `${violationOf(rule, given) ?? 'the device satisfies the policy'} (its posture statuses: ${given.join(', ')})`
    },
  }),
})
