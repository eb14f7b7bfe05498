/** The policies under test. */
export const POLICIES = `version: 1
policies:
  - { name: daily, kind: max-session-age, maxAge: 8h, cooldown: 1h }
  - { name: quiet, kind: idle-timeout, after: 30m }
`

/** Cases with every key. */
export const EVERYTHING = `version: 1
policies: [./policies.yaml]
cases:
  - name: every key
    at: 2026-11-23T18:36:00+01:00
    connection:
      id: a
      username: alice
      commonName: alice.example
      endpoint: cvpn-endpoint-0123456789abcdef0
      region: us-east-1
      endpointName: berlin
      tags: { env: prod, empty: "" }
      established: "2026-11-23T08:00:00Z"
      status: failed-to-terminate
      bytes: { in: 12, out: 5KiB }
      lastActivity: 2026-11-23T17:30:00Z
      posture: [compliant]
    expect: terminate
    by: [daily]
    nextAt: never
    cuts: [{ username: bob, policy: daily, at: 2026-11-23T17:00:00Z }]
  - name: several
    at: 2026-11-23T12:00:00Z
    connections:
      - { username: "-", bytes: { in: 0 }, expect: keep, nextAt: 2026-11-24T00:00:00Z, by: [] }
      - { lastActivity: 2026-11-23T11:00:00Z, expect: terminate }
`

export const GOOD_TEST_TREE = { 'policies.yaml': POLICIES, 'x.test.yaml': EVERYTHING } as const
