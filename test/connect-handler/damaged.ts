import type { Random } from '../../src/simulator/random.ts'
import type { Person } from './companies.ts'
import { REQUESTS } from './requests.ts'

/** Values of every shape that JSON has, and those that code stumbles over. */
const JUNK: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1e308,
  '',
  ' ',
  '-',
  'NA',
  'v0',
  'v2',
  'v03',
  'V3',
  'v4',
  'v99999999999999999999',
  'vv',
  '\u0000',
  '\u0007\u001b[2J',
  '\ud800',
  '\udfff\ud83d',
  '\u202e\u2028',
  'a\nb: {"_aws":{}}',
  'ﷺ'.repeat(255),
  'x'.repeat(254),
  'x'.repeat(255),
  '👩‍👩‍👧'.repeat(60),
  '*',
  'ann*',
  '__proto__',
  'constructor',
  '203.0.113.7/32',
  '::ffff:203.0.113.7',
  '999.1.1.1',
  [],
  [[]],
  ['ann'],
  ['v3', 'v3'],
  Array.from({ length: 250 }, (_, index) => `group-${index}`),
  {},
  { toString: 1 },
  { valueOf: null, toJSON: 'x' },
  { length: 255 },
  { username: 'ann' },
  Array.from({ length: 500 }).reduce<unknown>((inner) => [inner], 'deep'),
]

/** As long as a request may be, nearly. It takes time to send, so that few requests have it. */
const ENDLESS = 'y'.repeat(1_000_000)

const KEYS = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'allow', 'Username', 'schema_version', '']

/**
 * A request of this person as no client should send it: fields that are missing, of another type, doubled under another
 * name, of extreme length, or unknown; another value than a map; text with a bit flipped.
 */
export const damagedRequest = (random: Random, person: Person): unknown => {
  const oneOf = <Value>(values: readonly Value[]): Value =>
    values[random.within({ from: 0, to: values.length - 1 })] as Value
  const chance = (percent: number) => random.within({ from: 1, to: 100 }) <= percent

  if (chance(3)) return oneOf(JUNK)
  if (chance(1) && chance(1)) return { ...REQUESTS.v3(person), username: ENDLESS, groups: [ENDLESS] }
  const request = oneOf(Object.values(REQUESTS))(person)
  if (chance(20)) {
    const bytes = Buffer.from(JSON.stringify(request))
    for (let flips = random.within({ from: 1, to: 4 }); flips > 0; flips--) {
      const at = random.within({ from: 0, to: bytes.length - 1 })
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.within({ from: 0, to: 7 }))
    }
    try {
      return JSON.parse(bytes.toString())
    } catch {
      // Lambda takes nothing but JSON.
    }
  }
  const fields = Object.entries<unknown>(request)
  for (let changes = random.within({ from: 1, to: 4 }); changes > 0; changes--) {
    const at = random.within({ from: 0, to: fields.length - 1 })
    const [key = '', value] = fields[at] ?? []
    if (chance(25)) fields.splice(at, 1)
    else if (chance(70)) fields[at] = [key, oneOf(JUNK)]
    else if (chance(50)) fields.push([oneOf(KEYS), oneOf(JUNK)])
    else fields[at] = [oneOf(KEYS), value]
  }
  // As JSON.parse does it: a key `__proto__` is a key like any other.
  return Object.fromEntries(fields)
}
