import type { Connection } from '../../src/domain/connection.ts'
import { HOUR, type Instant } from '../../src/domain/time/instant.ts'
import { namesOf, type Rule, teamNamed } from './world.ts'

/** What somebody writes who has just these rules and nothing else to care for: the ids of whose connection must end now. */
export const createHandLoop = (rules: readonly Rule[]) => {
  const forAll = rules.filter(({ team }) => team === undefined)
  const forTeam = new Map<number, Rule[]>()
  for (const rule of rules) {
    if (rule.team === undefined) continue
    forTeam.set(rule.team, [...(forTeam.get(rule.team) ?? []), rule])
  }
  const names = new Map(rules.map((rule) => [rule, namesOf(rule)]))
  /** Of each person, once: the rules that are theirs, and whether one of them is a ban that names them. */
  const known = new Map<string, { readonly mine: readonly Rule[]; readonly banned: boolean }>()
  const lookUp = (name: string) => {
    const found = known.get(name)
    if (found !== undefined) return found
    const all = [...forAll, ...(forTeam.get(teamNamed(name)) ?? [])]
    const prefix = `${name.split('-', 1)[0]}-`
    const banned = all.some(
      (rule) =>
        rule.kind === 'banned-users' && (names.get(rule)?.exact.has(name) || names.get(rule)?.prefixes.has(prefix)),
    )
    const made = { mine: all.filter(({ kind }) => kind !== 'banned-users'), banned }
    known.set(name, made)
    return made
  }

  return (connections: readonly Connection[], now: Instant): readonly string[] => {
    // Berlin is an hour ahead on this day.
    const closed = new Date(now + HOUR).getUTCHours() >= 20
    const ends: string[] = []
    for (const { id, username = '', establishedAt = now, ingressBytes = 0, egressBytes = 0, posture } of connections) {
      const { mine, banned } = lookUp(username)
      let end = banned
      for (const rule of mine) {
        if (rule.kind === 'max-session-age') end ||= now - establishedAt >= rule.maxAgeMs
        else if (rule.kind === 'off-hours') end ||= closed
        else if (rule.kind === 'max-transfer') end ||= ingressBytes + egressBytes > rule.maxBytes
        else end ||= posture?.includes('healthy') !== true
      }
      if (end) ends.push(id)
    }
    return ends
  }
}
