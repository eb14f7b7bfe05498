import { Temporal } from 'temporal-polyfill'
import { DAY, HOUR, type Instant, SECOND } from '../../src/domain/time/instant.ts'
import { createRandom, type Random } from '../../src/simulator/random.ts'
import { companyOf, type Member } from './company.ts'
import { type Client, type Happening, lineOf } from './log-line.ts'
import { around, type Day, dayOf, isLikely, type Stay, staysOf } from './stays.ts'

export interface MonthOptions {
  readonly seed: number
  /** They have about 44 sessions each in 31 days. */
  readonly people: number
  readonly days: number
  /** The first day, such as `2026-10-01`. The lines are those of its midnight, UTC, and later. */
  readonly from: string
}

/** A happening that waits for its turn. Lines are in the order of time, like those of a log. */
interface Entry {
  readonly client: Client
  readonly happening: Happening
}

const DEVICES = ['win', 'mac', 'linux'] as const

const clientOf = (member: Member, random: Random): Client => {
  const octet = () => random.within({ from: 1, to: 254 })
  return {
    member,
    connectionId: `cvpn-connection-${random.hex(3).slice(0, 17)}`,
    deviceType: DEVICES[member.index % 3] ?? DEVICES[0],
    deviceIp: `203.0.113.${octet()}`,
    clientIp: `10.${member.office.login === 'saml' ? 1 : 0}.${octet()}.${octet()}`,
    port: random.within({ from: 1024, to: 65535 }),
  }
}

/** The lines before a session: logins that failed, and the steps of SAML. Each has a connection id of its own. */
function* login(member: Member, at: Instant, random: Random): Generator<Entry> {
  if (isLikely(random, 3))
    yield { client: clientOf(member, random), happening: { what: 'failed', at: at - 45 * SECOND } }
  if (member.office.login !== 'saml') return
  const client = clientOf(member, random)
  const startedAt = at - random.within({ from: 10, to: 40 }) * SECOND
  yield { client, happening: { what: 'waiting-for-assertion', at: startedAt } }
  yield { client, happening: { what: 'assertion-received', at: at - 2 * SECOND, startedAt } }
}

function* session(member: Member, { from, to }: Stay, random: Random): Generator<Entry> {
  const client = clientOf(member, random)
  // Logs lose lines, resets more often than attempts.
  if (!isLikely(random, 0.1)) yield { client, happening: { what: 'successful', at: from } }
  if (isLikely(random, 0.4)) return
  const seconds = (to - from) / SECOND
  const ingressBytes = seconds * random.within({ from: 200, to: 4000 })
  const egressBytes = seconds * random.within({ from: 500, to: 30_000 })
  yield { client, happening: { what: 'reset', at: to, startedAt: from, ingressBytes, egressBytes } }
}

/** From Saturday evening to Sunday morning of the third weekend, the endpoint of a zone is down. */
const maintenanceOf = (days: readonly Day[]) => {
  const saturday = days.filter(({ number, isWeekend }) => number >= 0 && isWeekend)[4]
  return (member: Member): Stay | undefined =>
    saturday && member.office.login !== 'saml'
      ? { from: saturday.at(member.office, 22), to: saturday.at(member.office, 30) }
      : undefined
}

/**
 * The connection log of a company in a month, line by line. The same options give the same lines. Only the sessions of about
 * two days are in memory at once.
 */
export function* syntheticMonth({ seed, people, days, from }: MonthOptions): Generator<string> {
  const random = createRandom(seed).world
  const first = Temporal.PlainDate.from(from)
  const beginsAt = Date.parse(`${first.toString()}T00:00:00Z`)
  const endsAt = beginsAt + days * DAY
  const company = companyOf(people)
  // The day before has sessions that are still up at the first midnight.
  const calendar = Array.from({ length: days + 1 }, (_, index) => dayOf(first, index - 1))
  const maintenance = maintenanceOf(calendar)
  const waiting: Entry[] = []
  for (const day of calendar) {
    for (const member of company)
      for (const planned of staysOf(member, day, Math.floor(days / 2), random)) {
        const closed = maintenance(member)
        for (const stay of closed === undefined ? [planned] : around(closed, planned, random)) {
          waiting.push(...login(member, stay.from, random))
          waiting.push(...session(member, stay, random))
        }
      }
    waiting.sort((one, other) => one.happening.at - other.happening.at)
    // No session of a later day begins before this instant, in no zone.
    const settledAt = day.number === days - 1 ? endsAt : beginsAt + (day.number + 1) * DAY - 3 * HOUR
    const settled = waiting.findIndex(({ happening }) => happening.at >= settledAt)
    const next = settled < 0 ? waiting.splice(0) : waiting.splice(0, settled)
    for (const { client, happening } of next) if (happening.at >= beginsAt) yield lineOf(client, happening)
  }
}
