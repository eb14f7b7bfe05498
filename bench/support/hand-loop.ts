import type { Connection } from '../../src/domain/connection.ts'
import { HOUR, type Instant } from '../../src/domain/time/instant.ts'
import { namesOf, type Rule, teamNamed } from './world.ts'

/** Code written by hand for exactly these rules. Returns the ids of the connections that must end now. */
export const createHandLoop = (rules: readonly Rule[]) => {
  const forAll = rules.filter(({ team }) => team === undefined)
  const forTeam = new Map<number, Rule[]>()
  for (const rule of rules) {
    if (rule.team === undefined) continue
    forTeam.set(rule.team, [...(forTeam.get(rule.team) ?? []), rule])
  }
  const names = new Map(rules.map((rule) => [rule, namesOf(rule)]))
  /** By user: the rules for the user, and whether one of them is a ban of the user. */
  const known = new Map<string, { readonly matching: readonly Rule[]; readonly banned: boolean }>()
  const lookUp = (name: string) => {
    const found = known.get(name)
    if (found !== undefined) return found
    const all = [...forAll, ...(forTeam.get(teamNamed(name)) ?? [])]
    const prefix = `${name.split('-', 1)[0]}-`
    const banned = all.some(
      (rule) =>
        rule.kind === 'banned-users' && (names.get(rule)?.exact.has(name) || names.get(rule)?.prefixes.has(prefix)),
    )
    const entry = { matching: all.filter(({ kind }) => kind !== 'banned-users'), banned }
    known.set(name, entry)
    return entry
  }

  return (connections: readonly Connection[], now: Instant): readonly string[] => {
    // Berlin is one hour ahead of UTC on this day.
    const closed = new Date(now + HOUR).getUTCHours() >= 20
    const ends: string[] = []
    for (const { id, username = '', establishedAt = now, ingressBytes = 0, egressBytes = 0, posture } of connections) {
      const { matching, banned } = lookUp(username)
      let end = banned
      for (const rule of matching) {
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
