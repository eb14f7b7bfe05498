import { preparsePolicySet, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs'
import type { Connection } from '../../src/domain/connection.ts'
import { HOUR, type Instant } from '../../src/domain/time/instant.ts'
import { namesOf, type Rule, teamNamed } from './world.ts'

const conditionOf = (rule: Rule, index: number): string => {
  switch (rule.kind) {
    case 'max-session-age':
      return `context.ageMs >= ${rule.maxAgeMs}`
    case 'off-hours':
      return 'context.hour >= 20'
    case 'max-transfer':
      return `context.bytes > ${rule.maxBytes}`
    case 'posture':
      return '!context.posture.contains("healthy")'
    case 'banned-users':
      return `principal in Ban::"${index}"`
  }
}

/**
 * The same rules for Cedar, parsed once. Teams and bans are groups, and this code finds the groups of each user: Cedar would
 * walk through ten thousand names in the text for each connection.
 */
export const createCedar = (rules: readonly Rule[]) => {
  const forbidden = rules.map((rule, index) => {
    const scope = rule.team === undefined ? 'principal' : `principal in Team::"${rule.team}"`
    return `forbid(${scope}, action, resource) when { ${conditionOf(rule, index)} };`
  })
  const staticPolicies = ['permit(principal, action, resource);', ...forbidden].join('\n')
  const parsed = preparsePolicySet('bench', { staticPolicies })
  if (parsed.type === 'failure') throw new Error(parsed.errors.map(({ message }) => message).join('\n'))
  const bans = rules.flatMap((rule, index) =>
    rule.kind === 'banned-users' ? [{ index: String(index), ...namesOf(rule) }] : [],
  )

  return (connections: readonly Connection[], now: Instant): readonly string[] => {
    const hour = new Date(now + HOUR).getUTCHours()
    const ends: string[] = []
    for (const connection of connections) {
      const { id, username = '', establishedAt = now, ingressBytes = 0, egressBytes = 0, posture = [] } = connection
      const prefix = `${username.split('-', 1)[0]}-`
      const named = bans.filter(({ exact, prefixes }) => exact.has(username) || prefixes.has(prefix))
      const principal = { type: 'User', id: username }
      const answer = statefulIsAuthorized({
        principal,
        action: { type: 'Action', id: 'stay' },
        resource: { type: 'Endpoint', id: connection.endpointId },
        context: { ageMs: now - establishedAt, bytes: ingressBytes + egressBytes, hour, posture: [...posture] },
        preparsedPolicySetId: 'bench',
        entities: [
          {
            uid: principal,
            attrs: {},
            parents: [
              { type: 'Team', id: String(teamNamed(username)) },
              ...named.map(({ index }) => ({ type: 'Ban', id: index })),
            ],
          },
        ],
      })
      if (answer.type === 'failure') throw new Error(answer.errors.map(({ message }) => message).join('\n'))
      if (answer.response.decision === 'deny') ends.push(id)
    }
    return ends
  }
}
