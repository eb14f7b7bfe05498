import fc from 'fast-check'
import { HOUR, type Instant, MINUTE, SECOND, toIso } from '../../src/domain/time/instant.ts'

/** The configuration of a company, the people who connect, and instants of interest. */
export interface Company {
  /** Files by their paths. */
  readonly tree: Readonly<Record<string, string>>
  readonly people: readonly Person[]
  readonly instants: readonly Instant[]
}

export interface Person {
  /** As AWS's request writes it; undefined: the request lacks the field. */
  readonly username: string | undefined
  readonly commonName: string | undefined
  readonly endpointId: string
}

/** Three weeks in which the clocks of New York and of Berlin go forward, on the 14th and on the 28th. */
const BEGIN: Instant = Date.parse('2027-03-10T00:00:00Z')
const STEP_MS = 15 * MINUTE
const STEPS = (21 * 24 * HOUR) / STEP_MS

export const REGION = 'eu-central-1'
const BERLIN = 'cvpn-endpoint-0123456789abcde00'
const NAMELESS = 'cvpn-endpoint-0123456789abcde01'
const UNLISTED = 'cvpn-endpoint-0123456789abcde02'

const NAMES: readonly (readonly [username: string | undefined, commonName: string | undefined])[] = [
  ['ann', 'ann'],
  ['ANN', 'laptop-1'],
  ['bob@corp.example', 'laptop-2'],
  ['Ext-Cy', 'laptop-1'],
  ['ext-dan@vendor.example', undefined],
  ['groß@corp.example', 'ann'],
  ['root', 'ext-root'],
  ['', 'laptop-1'],
  [undefined, 'kiosk-7'],
  ['-', 'NA'],
  ['', ''],
]

const PATTERNS = [
  'ann',
  'Bob@*',
  'ext-*',
  '*@corp.example',
  'user:ann',
  'cn:laptop-?',
  'cn:ann',
  'kiosk-*',
  'GROSS@corp.example',
  'group:contractors',
  'group:night',
]

const ENDPOINTS = ['berlin', 'BER*', NAMELESS, 'cvpn-endpoint-*', 'tag:team=eng', 'elsewhere']
const REGIONS = ['eu-*', REGION, 'us-*']
const STATUSES = ['managed', 'patched', 'old']
const ZONES = ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'UTC']
const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

/** The value in so many of a hundred cases. */
const some = <Value>(one: fc.Arbitrary<Value>, percent: number): fc.Arbitrary<Value | undefined> =>
  fc.oneof({ weight: 100 - percent, arbitrary: fc.constant(undefined) }, { weight: percent, arbitrary: one })

const edge = fc.integer({ min: 0, max: STEPS - 1 }).map((step) => BEGIN + step * STEP_MS + (step % 3) * SECOND)

/** A beginning, an end, both or neither. */
const period = (percent: number) =>
  fc
    .record({ from: some(edge, percent), until: some(edge, percent) })
    .filter(({ from, until }) => from === undefined || until === undefined || from < until)
    .map(({ from, until }) => ({ from: from && toIso(from), until: until && toIso(until) }))

/** An entry of a list. `only`: the keys that it may have. */
const listed = (patterns: readonly string[], only: 'from and until' | 'until' | 'nothing') =>
  fc
    .record({ pattern: fc.constantFrom(...patterns), isTimed: fc.boolean(), period: period(60) })
    .map(({ pattern, isTimed, period: { from, until } }) => {
      if (!isTimed || only === 'nothing') return pattern
      return only === 'until' ? { pattern, until } : { pattern, from, until }
    })

const list = <One>(one: fc.Arbitrary<One>, maxLength = 3) => fc.array(one, { minLength: 1, maxLength })

const selector = (only: 'until' | 'nothing') =>
  fc
    .record({
      users: some(list(listed(PATTERNS, only)), 60),
      endpoints: some(list(listed(ENDPOINTS, only), 2), 40),
      regions: some(list(listed(REGIONS, only), 2), 30),
    })
    .filter(({ users, endpoints, regions }) => users !== undefined || endpoints !== undefined || regions !== undefined)

const clock = (quarter: number) =>
  `${String(quarter >> 2).padStart(2, '0')}:${String((quarter & 3) * 15).padStart(2, '0')}`

const hours = fc
  .record({ from: fc.integer({ min: 0, max: 95 }), to: fc.integer({ min: 0, max: 96 }) })
  .filter(({ from, to }) => from !== to && !(from === 0 && to === 96))
  .map(({ from, to }) => `${clock(from)}-${clock(to)}`)

const window = fc
  .record({
    hours: some(hours, 85),
    on: fc.oneof(
      fc.constant({}),
      fc.subarray(WEEKDAYS, { minLength: 1 }).map((days) => ({ days })),
      fc.constant({ dates: ['2027-03-15', { from: '2027-03-26', to: '2027-03-29' }] }),
      fc.constant({ monthDays: [-1, 14] }),
      fc.constant({ months: 'feb-mar', weeks: [2, 'last'] }),
    ),
    timeZone: some(fc.constantFrom(...ZONES), 20),
  })
  .map(({ on, ...rest }) => ({ ...rest, ...on }))

const kind = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('banned-users'),
      users: list(listed(PATTERNS, 'from and until')),
      usersFile: some(fc.constant('./banned.txt'), 20),
    }),
  },
  {
    weight: 4,
    arbitrary: fc
      .record({
        timeZone: fc.constantFrom(...ZONES),
        windows: list(window),
        isAllowed: fc.boolean(),
        calendars: some(fc.constant(['holidays']), 40),
        grace: some(fc.constantFrom('5m', '3h'), 40),
      })
      .map(({ windows, isAllowed, calendars, ...rest }) => ({
        kind: 'off-hours',
        ...rest,
        ...(isAllowed ? { allowed: windows, closed: calendars } : { denied: windows, except: calendars }),
      })),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('posture'),
      require: fc.subarray(['managed', 'patched'], { minLength: 1 }),
      deny: some(fc.constant(['old']), 50),
      grace: some(fc.constant('5m'), 30),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('max-session-age'), maxAge: fc.constant('8h') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('max-sessions'), limit: fc.constant(1) }) },
)

/** They rest on the age of a session, or on the sessions beside it. */
const LEFT_TO_DAEMON = new Set(['max-session-age', 'max-sessions'])

const mode = fc.constantFrom('enforce', 'enforce', 'enforce', 'audit')

const policy = fc
  .record({
    kind,
    mode,
    match: some(selector('nothing'), 65),
    exempt: some(selector('until'), 30),
    period: period(15),
  })
  .map(({ kind: { ...keys }, period: { from, until }, ...rest }) => ({ ...keys, ...rest, from, until }))

const person: fc.Arbitrary<Person> = fc
  .record({
    names: fc.constantFrom(...NAMES),
    endpointId: fc.constantFrom(BERLIN, BERLIN, NAMELESS, UNLISTED),
  })
  .map(({ names: [username, commonName], endpointId }) => ({ username, commonName, endpointId }))

/** JSON is YAML. */
const yaml = (value: unknown) => JSON.stringify(value, undefined, 1)

/** Every instant that a file names. */
const namedIn = (text: string): readonly Instant[] =>
  [...text.matchAll(/"(?:from|until)": "(\d{4}-\d{2}-\d{2}T[^"]+)"/g)].map(([, iso = '']) => Date.parse(iso))

export const company: fc.Arbitrary<Company> = fc
  .record({
    policies: fc.array(policy, { minLength: 1, maxLength: 6 }),
    mode,
    handlerMode: some(mode, 30),
    protect: some(list(listed(['root', 'cn:kiosk-7', 'ann'], 'until'), 2), 30),
    posture: fc.array(fc.record({ status: fc.constantFrom(...STATUSES), match: some(selector('nothing'), 60) }), {
      maxLength: 3,
    }),
    groups: fc.record({
      contractors: list(listed(PATTERNS.slice(0, 6), 'from and until')),
      night: list(listed(PATTERNS.slice(3, 8), 'from and until')),
    }),
    people: fc.uniqueArray(person, { minLength: 4, maxLength: 8, selector: (one) => JSON.stringify(one) }),
    instants: fc.array(edge, { minLength: 3, maxLength: 3 }),
  })
  // Without anything to do at the door, no handler is built.
  .filter(({ policies, posture }) =>
    policies.some(({ kind }) => !LEFT_TO_DAEMON.has(kind) && (kind !== 'posture' || posture.length > 0)),
  )
  .map(({ policies, mode: written, handlerMode, protect, posture, groups, people, instants }) => {
    const named = policies.map((one, index) => ({ name: `policy-${index}`, ...one }))
    const curfew = yaml({
      version: 1,
      mode: written,
      policies: ['./policies.yaml'],
      ...(protect && { protect: { users: protect } }),
      watch: [{ region: REGION, endpoints: [{ id: BERLIN, name: 'berlin' }, NAMELESS] }],
      connectHandler: { mode: handlerMode, posture },
    })
    const text = yaml({
      version: 1,
      groups,
      calendars: { holidays: { dates: ['2027-03-26', { from: '2027-03-29', to: '2027-03-30' }], yearly: ['03-17'] } },
      policies: named,
    })
    return {
      tree: { 'curfew.yaml': curfew, 'policies.yaml': text, 'banned.txt': 'mallory\next-dan@*\n' },
      people,
      instants: [...new Set([...instants, ...namedIn(curfew), ...namedIn(text)])],
    }
  })
