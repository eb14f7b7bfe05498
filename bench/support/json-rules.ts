import { Engine } from 'json-rules-engine'
import type { Connection } from '../../src/domain/connection.ts'
import { HOUR, type Instant } from '../../src/domain/time/instant.ts'
import { namesOf, type Rule, teamNamed } from './world.ts'

const conditionOf = (rule: Rule, index: number) => {
  switch (rule.kind) {
    case 'max-session-age':
      return { fact: 'ageMs', operator: 'greaterThanInclusive', value: rule.maxAgeMs }
    case 'off-hours':
      return { fact: 'hour', operator: 'greaterThanInclusive', value: 20 }
    case 'max-transfer':
      return { fact: 'bytes', operator: 'greaterThan', value: rule.maxBytes }
    case 'posture':
      return { fact: 'posture', operator: 'doesNotContain', value: 'healthy' }
    case 'banned-users':
      return {
        any: [
          { fact: 'username', operator: 'bannedBy', value: index },
          { fact: 'prefix', operator: 'bannedAsBy', value: index },
        ],
      }
  }
}

/**
 * The same rules for json-rules-engine. Operators look up the names, because the engine copies the values of a rule, here
 * ten thousand names, for each connection.
 */
export const createJsonRules = (rules: readonly Rule[]) => {
  const engine = new Engine()
  const names = rules.map(namesOf)
  engine.addOperator('bannedBy', (name: string, index: number) => names[index]?.exact.has(name) === true)
  engine.addOperator('bannedAsBy', (prefix: string, index: number) => names[index]?.prefixes.has(prefix) === true)
  for (const [index, rule] of rules.entries()) {
    const teamCondition = rule.team === undefined ? [] : [{ fact: 'team', operator: 'equal', value: rule.team }]
    engine.addRule({ conditions: { all: [...teamCondition, conditionOf(rule, index)] }, event: { type: 'end' } })
  }
  return async (connections: readonly Connection[], now: Instant): Promise<readonly string[]> => {
    const hour = new Date(now + HOUR).getUTCHours()
    const ends: string[] = []
    for (const { id, username = '', establishedAt = now, ingressBytes = 0, egressBytes = 0, posture } of connections) {
      const { events } = await engine.run({
        username,
        prefix: `${username.split('-', 1)[0]}-`,
        team: teamNamed(username),
        ageMs: now - establishedAt,
        bytes: ingressBytes + egressBytes,
        hour,
        posture,
      })
      if (events.length > 0) ends.push(id)
    }
    return ends
  }
}
