import { DAY, HOUR, type Instant, MINUTE, SECOND, toText } from '../../src/domain/time/instant.ts'
import { PARTNERS } from './company.ts'
import { OFFICE } from './office.ts'

/** When the week begins. */
export const MONDAY: Instant = Date.parse('2026-11-02T00:00:00Z')

interface Logged {
  readonly username?: string
  readonly commonName: string
  readonly endpoint?: string
  readonly from: Instant
  readonly until: Instant
  /** The log ends before the session does. */
  readonly isOpen?: true
}

/** As AWS writes it in a log. */
const time = (at: Instant) => toText(at).replace('T', ' ').replace('Z', '')

let made = 0

const linesOf = ({ username = 'NA', commonName, endpoint = OFFICE, from, until, isOpen }: Logged) => {
  const session = {
    'connection-id': `cvpn-connection-${(++made).toString(16).padStart(17, '0')}`,
    'client-vpn-endpoint-id': endpoint,
    'connection-start-time': time(from),
    'common-name': commonName,
    username,
  }
  const attempt = {
    'connection-log-type': 'connection-attempt',
    'connection-attempt-status': 'successful',
    ...session,
    'connection-last-update-time': time(from),
    'connection-end-time': 'NA',
  }
  const reset = {
    'connection-log-type': 'connection-reset',
    'connection-reset-status': 'NA',
    ...session,
    'connection-last-update-time': time(until),
    'connection-end-time': time(until),
  }
  return [{ at: from, line: attempt }, ...(isOpen === true ? [] : [{ at: until, line: reset }])]
}

/** The connection log of a week: long days, a contractor after hours, and a leaver who comes back every minute. */
export const loggedWeek = (): string => {
  made = 0
  const days = [0, 1, 2, 3, 4].flatMap((day): readonly Logged[] => {
    const midnight = MONDAY + day * DAY
    return [
      { username: 'alice@corp.example', commonName: 'alice', from: midnight + 7 * HOUR, until: midnight + 19 * HOUR },
      { username: 'bob@corp.example', commonName: 'bob', from: midnight + 8 * HOUR, until: midnight + 12 * HOUR },
      {
        username: 'ext-carol@vendor.example',
        commonName: 'carol',
        endpoint: PARTNERS,
        from: midnight + 9 * HOUR,
        until: midnight + 17 * HOUR + 45 * MINUTE,
      },
      ...[0, 1, 2].map((minute) => {
        const from = midnight + 10 * HOUR + minute * MINUTE
        return { username: 'mallory', commonName: 'mallory', from, until: from + 30 * SECOND }
      }),
    ]
  })
  const device: Logged = { commonName: 'build-7', from: MONDAY + 6 * HOUR, until: MONDAY + 23 * HOUR }
  const [from, until] = [MONDAY + 4 * DAY + 20 * HOUR, MONDAY + 5 * DAY]
  const open: Logged = { username: 'dave@corp.example', commonName: 'dave', from, until, isOpen: true }
  const lines = [device, ...days, open].flatMap(linesOf).sort((a, b) => a.at - b.at)
  const written = lines.map(({ line }) => JSON.stringify(line))
  // One line is torn.
  return `${written.toSpliced(3, 0, '{"connection-log-type":"connection-att').join('\n')}\n`
}
