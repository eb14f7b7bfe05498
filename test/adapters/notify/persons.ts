import type { DeliveryReport } from '../../../src/adapters/notify/delivery.ts'
import { createNotifier } from '../../../src/adapters/notify/notifier.ts'
import type { Target } from '../../../src/adapters/notify/target.ts'
import { DIRECT, type Outgoing } from '../../../src/adapters/proxy/outgoing.ts'
import type { CurfewEvent } from '../../../src/app/events.ts'
import type { People } from '../../../src/config/configuration.ts'
import type { Violation } from '../../../src/domain/judge/violation.ts'
import { MINUTE, SECOND } from '../../../src/domain/time/instant.ts'
import { createManualClock, settled } from '../../app/manual-clock.ts'
import { NOTIFIED, OFFICE, violation } from '../../app/notified-events.ts'
import { NOON } from '../../domain/build.ts'
import { createReports } from './deliveries.ts'

/** A notifier with one target that writes to persons. It is half past eleven, in Berlin half past twelve. */
export const startPersons = (target: Target, people: People = new Map(), outgoing: Outgoing = DIRECT) => {
  const clock = createManualClock(NOON - 30 * MINUTE)
  const { reports, report, until } = createReports<DeliveryReport>()
  const warned: string[] = []
  const notWarned: string[] = []
  const notifier = createNotifier({
    clock,
    random: () => 1,
    outgoing,
    report: (_, one) => report(one),
    warned: (name, { violation: { username } }) => warned.push(`${name} ${username}`),
    notWarned: (name, { violation: { username } }, why) => notWarned.push(`${name} ${username} ${why}`),
    factsOf: () => ({ timeZone: 'Europe/Berlin', cooldownMs: 0 }),
    people: () => people,
  })
  notifier.take([target])
  return {
    ...notifier,
    clock,
    reports,
    warned,
    notWarned,
    until,
    /** Tells the notifier of warnings, and lets the time pass in which they are gathered. */
    async warn(...different: readonly Partial<Violation>[]) {
      for (const one of different) notifier.observe(warningOf(one))
      await clock.advance(2 * SECOND)
    },
    async [Symbol.asyncDispose]() {
      const closed = notifier.close()
      await settled()
      await clock.advance(2 * SECOND)
      await closed
    },
  }
}

/** A warning of a connection that ends at noon. */
export const warningOf = (different: Partial<Violation>, endpoint = OFFICE): CurfewEvent =>
  ({
    ...NOTIFIED.warning,
    endpoint,
    at: NOON - 30 * MINUTE,
    violation: violation({ alsoBy: [], ...different }),
  }) as CurfewEvent
