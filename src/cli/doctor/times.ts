import type { Survey } from '../../app/survey.ts'
import { VpnError } from '../../app/vpn.ts'
import { isActive } from '../../domain/connection.ts'
import type { Snapshot } from '../../domain/snapshot.ts'
import { formatDuration } from '../../domain/time/duration.ts'
import type { Instant } from '../../domain/time/instant.ts'
import { type TimesOfRows, zoneOf } from '../../domain/time/row-zone.ts'
import { count, plural } from '../number-text.ts'
import type { Check } from './examination.ts'
import { failedCall } from './failure.ts'
import { notChecked, ok, warning } from './finding.ts'

const signed = (ms: number) => `${ms < 0 ? '-' : '+'}${formatDuration(Math.abs(ms))}`

const timesOf = ({ connections }: Snapshot, rowAt: Instant | undefined): TimesOfRows => ({
  rowAt,
  establishedAt: connections.flatMap((one) => (isActive(one) ? (one.establishedAt ?? []) : [])),
})

/** Whether the times that AWS gives are UTC. AWS writes no zone, and no page of AWS names one. */
export const timesCheck = (
  survey: Pick<Survey, 'newestRowAt'>,
  now: () => Instant,
  subject: string,
): Check<readonly [Snapshot, unknown], true> => ({
  name: 'times',
  subject,
  async ask([snapshot], signal) {
    const rowAt = await survey.newestRowAt(snapshot.endpointId, signal).catch((error: unknown) => {
      if (error instanceof VpnError) return error
      throw error
    })
    if (rowAt instanceof VpnError) return failedCall(rowAt, 'the times of the rows', 'times')
    const times = timesOf(snapshot, rowAt)
    const zone = zoneOf(times, now())
    switch (zone.state) {
      case 'not-known':
        return { finding: notChecked('no active connection has a time') }
      case 'utc':
        return {
          finding: ok(`the times of ${plural(times.establishedAt.length, 'connection')} agree with UTC`),
          value: true,
        }
      case 'offset': {
        const found = `the times of the rows are ${signed(zone.awayMs)} from AWS's clock, as in a zone of ${signed(zone.offsetMs)}`
        const advice = 'sessions look that much younger or older than they are: end nothing by age, and report it'
        return { finding: warning({ found, expected: 'times in UTC', advice }), value: true }
      }
      case 'ahead': {
        const found = `${count(zone.ahead)} of ${count(times.establishedAt.length)} connections were established in the future, up to ${signed(zone.awayMs)}, as in a zone of at least ${signed(zone.offsetMs)}`
        const advice = 'sessions look that much younger than they are: end nothing by age, and report it'
        return { finding: warning({ found, expected: 'times in UTC', advice }), value: true }
      }
    }
  },
})
