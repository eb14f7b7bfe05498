import * as z from 'zod'
import { NEVER } from '../time/instant.ts'
import { definePolicyKind, type Shared } from './policy.ts'

const statuses = z.array(z.string().min(1)).min(1)

const keys = z
  .strictObject({
    require: statuses.optional().meta({ description: 'Statuses that a connection must have, each of them.' }),
    deny: statuses.optional().meta({ description: 'Statuses that a connection must not have, none of them.' }),
  })
  // Asked also when something else is wrong with the policy, so that every problem is reported in one go.
  .refine((written) => written.require !== undefined || written.deny !== undefined, {
    when: () => true,
    message: 'nothing is asked of the device: write "require", "deny" or both',
  })

const bind = ({ require = [], deny = [] }: z.output<typeof keys>, shared: Shared) => {
  for (const [index, status] of deny.entries()) {
    if (require.includes(status)) {
      shared.problem(['deny', index], `"${status}" is required as well: no connection could satisfy both`)
    }
  }
  return { require, deny }
}

export const posture = definePolicyKind({
  kind: 'posture',
  reason: 'posture',
  rank: 20,
  scope: 'connection',
  facts: 'immutable',
  summary:
    'Ends connections of devices whose posture statuses, given by the client connect handler, do not satisfy it.',
  keys,
  fileKeys: [],
  namesUsers: false,
  bind,
  covers: (rule) => (other) =>
    other.require.every((status) => rule.require.includes(status)) &&
    other.deny.every((status) => rule.deny.includes(status)),
  judge: ({ require, deny }) => {
    const fault = (given: readonly string[]) => {
      const denied = deny.find((status) => given.includes(status))
      if (denied !== undefined) return `the device is "${denied}"`
      const missing = require.find((status) => !given.includes(status))
      return missing === undefined ? undefined : `the device is not "${missing}"`
    }
    return () => ({
      find({ id, posture: given, establishedAt }, history, now) {
        // An endpoint without a connect handler lists no statuses: that says nothing about the device.
        if (given === undefined || given.length === 0) {
          return { word: 'unknown', until: NEVER, lacks: 'its posture statuses' }
        }
        if (fault(given) === undefined) return { word: 'fine', until: NEVER }
        const known = establishedAt !== undefined && establishedAt <= now
        return { word: 'violated', since: known ? establishedAt : (history.firstSeenAt(id) ?? now), until: NEVER }
      },
      because({ posture: given = [] }) {
        if (given.length === 0) return 'the connection has no posture statuses'
        const said = `(posture: ${given.join(', ')})`
        return `${fault(given) ?? 'the device satisfies the policy'} ${said}`
      },
    })
  },
})
