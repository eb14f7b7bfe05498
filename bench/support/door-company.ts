const ENDPOINT = 'cvpn-endpoint-0123456789abcdef0'

export const BANS = 10_000
export const POLICIES = 200

const policies = () => [
  {
    name: 'leavers',
    kind: 'banned-users',
    users: Array.from({ length: BANS }, (_, at) => (at % 20 === 0 ? `ext${at}-*` : `leaver-${at}@corp.example`)),
  },
  ...Array.from({ length: POLICIES - 1 }, (_, at) => ({
    name: `team-${at}`,
    match: { users: [`team${at}-*`, `cn:team${at}-laptop-*`] },
    ...(at % 2 === 0
      ? {
          kind: 'off-hours',
          timeZone: at % 4 === 0 ? 'Europe/Berlin' : 'America/New_York',
          allowed: [{ days: 'mon-fri', hours: '07:30-18:30' }],
          closed: ['holidays'],
        }
      : { kind: 'banned-users', users: [`team${at}-leaver-*`] }),
  })),
]

/** Requests of people that are banned, off hours, or matched by no policy. */
export const EVENTS = [
  'leaver-777@corp.example',
  'ext40-carol',
  'team0-alice@corp.example',
  'team1-leaver-bob',
  'team102-dave@corp.example',
  'erin@corp.example',
].map((username) => ({
  'connection-id': 'cvpn-connection-04edd76f5201e0cb8',
  'endpoint-id': ENDPOINT,
  'common-name': username,
  username,
  platform: 'mac',
  'platform-version': '13.2.1',
  'public-ip': '203.0.113.7',
  'client-openvpn-version': '2.5.1',
  'aws-client-version': '5.2.0',
  groups: '',
  'schema-version': 'v3',
}))

/** The configuration of a large company, as files by their names. JSON is YAML. */
export const doorCompany = () => ({
  'curfew.yaml': JSON.stringify({
    version: 1,
    mode: 'enforce',
    policies: ['./policies.yaml'],
    watch: [{ region: 'eu-central-1', endpoints: [ENDPOINT] }],
  }),
  'policies.yaml': JSON.stringify({
    version: 1,
    calendars: { holidays: { dates: ['2026-12-25', '2026-12-26'], yearly: ['01-01', '05-01'] } },
    policies: policies(),
  }),
})
