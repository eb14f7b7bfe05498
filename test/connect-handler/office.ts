import type { Person } from './companies.ts'

const ENDPOINT = 'cvpn-endpoint-0123456789abcdef0'

/** A configuration with a policy of each kind that the door judges. */
export const OFFICE = {
  'curfew.yaml': `version: 1
mode: enforce
policies: [./policies.yaml]
protect: { users: [break-glass] }
watch: [{ region: eu-central-1, endpoints: [{ id: ${ENDPOINT}, name: office }] }]
timeZone: Europe/Berlin
connectHandler:
  posture: [{ status: managed, match: { users: ["*@corp.example"] } }]
`,
  'policies.yaml': `version: 1
groups: { contractors: ["ext-*"] }
calendars: { holidays: { yearly: [12-25] } }
policies:
  - { name: leavers, kind: banned-users, users: [mallory, { pattern: "cn:stolen-*", reason: stolen }] }
  - name: contractors-office-hours
    kind: off-hours
    timeZone: Europe/Berlin
    allowed: [{ days: mon-fri, hours: "07:30-18:30" }]
    closed: [holidays]
    match: { users: ["group:contractors"], endpoints: [office], regions: [eu-*] }
    exempt: { users: [{ pattern: ext-carol, until: "2027-01-01T00:00:00Z" }] }
  - { name: managed-devices, kind: posture, require: [managed], match: { users: ["*@vendor.example"] } }
  - { name: daily, kind: max-session-age, maxAge: 10h }
`,
}

const person = (username: string | undefined, commonName: string | undefined): Person => ({
  username,
  commonName,
  endpointId: ENDPOINT,
})

/** Somebody for each policy, for each way past it, and for each way to have a name. */
export const PEOPLE = {
  ann: person('ann@corp.example', 'ann'),
  mallory: person('Mallory', 'laptop-1'),
  'ext-dan': person('ext-dan', 'ext-dan'),
  'ext-carol': person('ext-carol', 'laptop-2'),
  'break-glass': person('break-glass', 'mallory'),
  'stolen-7': person('', 'stolen-7'),
  nobody: person(undefined, undefined),
}

/** A Monday noon, and a Saturday, UTC. */
export const MONDAY = Date.parse('2026-11-23T12:00:00Z')
export const SATURDAY = Date.parse('2026-11-28T12:00:00Z')
