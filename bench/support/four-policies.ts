/** Policies that end nobody: one on byte counters, and one on all connections together. */
export const FOUR_POLICIES = `version: 1
policies:
  - { name: daily, kind: max-session-age, maxAge: 20d }
  - { name: leavers, kind: banned-users, users: [mallory, "ext-*"] }
  - { name: few, kind: max-sessions, limit: 3 }
  - { name: much, kind: max-transfer, total: 1000GB }
`
