import { ENDPOINTS } from './population.ts'

/** The strictest limits that any edit writes. A call against a connection below them is a mistake. */
export const LIMITS = { maxAgeMs: 40_000, idleMs: 40_000, bytes: 1 << 20, sessions: 2, cooldownMs: 120_000 }

const hour = (offset: number) => `${String((new Date().getUTCHours() + offset + 24) % 24).padStart(2, '0')}:00`

/** The policies after a number of edits. Each edit changes the set, and none is stricter than LIMITS. */
export const policiesYaml = (edit: number): string => `
version: 1
groups: { spared: ["spared-*"] }
policies:
  - { name: leavers, kind: banned-users, usersFile: ./banned.txt, allowEmpty: true, guard: off }
  - { name: healthy, kind: posture, deny: [noncompliant], match: { users: ["bad-*", "good-*"] }, guard: off }
  - { name: two-each, kind: max-sessions, limit: ${LIMITS.sessions}, match: { users: ["many-*"] }, guard: off }
  - { name: no-bulk, kind: max-transfer, total: 1MiB, match: { users: ["greedy-*", "modest-*"] }, cooldown: 45s, guard: off }
  - name: sign-in-again
    kind: max-session-age
    maxAge: ${LIMITS.maxAgeMs / 1000 + (edit % 3) * 10}s
    match: { users: ["aged-*", "spared-*", "vip-*"] }
    exempt: { users: ["group:spared"] }
    cooldown: ${LIMITS.cooldownMs / 1000}s
    warn: [10s]
    guard: off
  - { name: left-on, kind: idle-timeout, after: ${LIMITS.idleMs / 1000}s, match: { users: ["idle-*", "busy-*"] }, guard: off }
  - { name: nights, kind: off-hours, timeZone: UTC, denied: [{ hours: "${hour(-2)}-${hour(4)}" }], match: { users: ["night-*"] }, guard: off }
  - { name: days, kind: off-hours, timeZone: UTC, allowed: [{ hours: "${hour(-2)}-${hour(6)}" }], match: { users: ["day-*"] } }
${edit % 2 === 0 ? '' : '  - { name: watched, kind: max-session-age, maxAge: 5m, mode: audit, match: { users: ["keep-1*"] } }'}
`

export const BROKEN_EDITS: ReadonlyArray<(good: string) => string> = [
  (good) => good.replace('kind: posture', 'kind: posturing'),
  (good) => good.replace('group:spared', 'group:spread'),
  (good) => good.replace('maxAge:', 'maxAge'),
  (good) => good.slice(0, good.length / 2),
]

export const curfewYaml = (hookUrl: string): string => `
version: 1
mode: enforce
policies: [./policies.yaml]
protect: { users: ["vip-*"] }
watch:
  - region: eu-central-1
    endpoints: [${ENDPOINTS.slice(0, 3)
      .map(({ id, name }) => `{ id: ${id}, name: ${name} }`)
      .join(', ')}]
  - { region: us-east-1, discover: { tags: { soak: abroad } } }
poll: { schedule: "*/5 * * * * *", requestTimeout: 2s, staleAfter: 45s, minGap: 2s }
termination: { verifyWithin: 20s, attempts: 12 }
server: { port: 0 }
notify:
  - { name: slow, webhook: "${hookUrl}", events: [terminated, blind, gave-up, reload-refused, warning] }
`
