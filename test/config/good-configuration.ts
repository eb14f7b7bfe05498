/** A configuration with every key. `load.test.ts` has its meaning. */
export const GOOD_CURFEW = `# yaml-language-server: $schema=./schema/curfew.schema.json
version: 1
mode: enforce
policies: [./policies, ./more.yml]
protect: { users: [break-glass@corp.example, { pattern: "group:on-call", until: "2027-01-01T00:00:00Z", reason: rota }] }
watch:
  - region: eu-central-1
    endpoints: [cvpn-endpoint-0123456789abcdef0, { id: cvpn-endpoint-0123456789abcdef1, name: berlin }]
  - region: us-gov-west-1
    endpointUrl: http://127.0.0.1:4599
    endpoints: [cvpn-endpoint-0123456789abcdef2]
    discover: all
  - region: us-east-1
    discover: { tags: { vpn-policy: enforced, team: "" } }
    assumeRole: { arn: arn:aws:iam::111122223333:role/vpn/curfew, externalId: "curfew:1" }
  - region: us-east-2
    endpoints: [cvpn-endpoint-0123456789abcdef3]
    assumeRole: { arn: arn:aws:iam::111122223333:role/curfew }
poll:
  schedule: "*/30 * * * * *"
  requestTimeout: 20s
  staleAfter: 1d12h
  rate: { burst: 5, perSecond: 0.5 }
  minGap: PT7S
guard: { maxPercent: 25, minConnections: 3, lookAhead: 12h }
audit: { file: ./var/audit.jsonl }
state: { file: ./var/state.json }
termination:
  rate: { burst: 4, perSecond: 1 }
  verifyWithin: 2m
  attempts: 5
server:
  host: "::1"
  port: 0
  tls: { certFile: ./tls/cert.pem, keyFile: /run/secrets/key.pem, clientCaFile: ./tls/ca.pem }
  basicAuthUsers: { prometheus: "$2y$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy" }
  bearerTokenFile: ./tls/token
  showNames: true
  publicUrl: https://curfew.corp.example/vpn/
  linkKey: { file: ./tls/links }
notify:
  - name: security-desk
    webhook: https://hooks.corp.example/curfew
    secret: { file: ./secrets/webhook }
    events: [terminated, held, gave-up]
  - slack: { env: CURFEW_SLACK_URL }
  - { webhook: "http://[::1]:8080/hook", secret: { env: _KEY2 } }
  - { webhook: { file: /run/secrets/url }, secret: { env: KEY } }
  - { slackBot: { token: { file: ./secrets/slack }, apiUrl: "https://slack-gov.com/api/" } }
  - name: mail
    email:
      smarthost: "[::1]:2525"
      from: VPN <vpn@corp.example>
      username: curfew
      password: { env: PASSWORD }
      requireTls: false
      caFile: ./tls/mail-ca.pem
      rate: { burst: 3, perSecond: 0.5 }
    events: [warning, terminated]
people: { file: ./people.csv }
timeZone: Europe/Berlin
connectHandler:
  mode: audit
  onError: deny
  posture: [{ status: managed, match: { users: ["*@corp.example"], regions: [eu-*] } }, { status: known }]
log: { level: debug }
`

export const GOOD_POLICIES = `# yaml-language-server: $schema=../schema/policies.schema.json
version: 1
groups:
  contractors: ["ext-*", "*@vendor.example"]
  on-call: [alice, bob@corp.example]
calendars:
  holidays: { dates: [2026-12-25, { from: 2026-12-31, to: 2027-01-01 }], yearly: [05-01] }
policies:
  - name: daily-reauthentication
    kind: max-session-age
    maxAge: 10h
    warn: [15m, 5m]
    exempt:
      users: ["group:on-call", { pattern: "cn:kiosk-*", until: "2026-12-01T00:00:00+01:00", reason: trade fair }]
  - name: leavers
    kind: banned-users
    users:
      - mallory
      - { pattern: "*@former-vendor.example", from: "2026-12-01T00:00:00Z", until: "2027-06-01T00:00:00Z", reason: contract ended }
      - "user:group:eng"
    usersFile: ../banned.txt
    allowEmpty: true
  - name: contractors-office-hours
    kind: off-hours
    timeZone: Europe/Berlin
    allowed:
      - { days: mon-fri, hours: "07:30-18:30" }
      - { days: [sat], hours: "22:00-02:00" }
    closed: [holidays]
    match: { users: ["group:contractors"], endpoints: ["cvpn-endpoint-0123*"], regions: [eu-central-1] }
    message: |
      Closed: {reason}.
      Next: {until}
    grace: 5m
    mode: enforce
`

export const MORE_POLICIES = `version: 1
groups:
  staff: ["*@corp.example", { pattern: erin, from: "2026-12-01T00:00:00Z", until: "2027-06-01T00:00:00Z", reason: migration }]
policies:
  - { name: trial, kind: max-session-age, maxAge: PT8H, grace: 0s, mode: audit }
  - name: freeze
    kind: posture
    deny: [unpatched]
    from: "2026-12-04 22:00"
    until: "2026-12-06T02:00:00+01:00"
    timeZone: Europe/Berlin
    match: { users: ["group:staff"] }
`

export const BANNED = '\ufeff# left in 2026\r\nTrudy\r\n\r\n  # guests\r\na_b.example#EXT#@corp.example\r\n'

export const PEOPLE = 'name,address\n"CORP\\Bob",bob@corp.example\n'

export const GOOD_TREE = {
  'curfew.yaml': GOOD_CURFEW,
  'policies/a.yaml': GOOD_POLICIES,
  'more.yml': MORE_POLICIES,
  'banned.txt': BANNED,
  'people.csv': PEOPLE,
} as const
