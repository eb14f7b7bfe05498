import fc from 'fast-check'
import { type Happening, type Scenario, scenario } from './scenario.ts'

/** The latest minute of a happening in a world of replicas. */
export const FLEET_MINUTES = 20
/** The most replicas that there are at the same time. */
export const MOST_REPLICAS = 4

/** What happens to clients, to AWS and to the files of the operator. */
export type Outside = Exclude<Happening, { readonly what: 'kill' | 'stop' | 'full disk' | 'clock' }>

/** What happens to replicas and to their database. */
export type Inside = { readonly afterSeconds: number } & (
  | {
      readonly what: 'kill'
      readonly replica: number
      readonly afterRequests: number
      readonly phase: 'before' | 'after'
      /** The machine is gone, so that nobody closes the connections of the process. */
      readonly power: boolean
      readonly downSeconds: number
    }
  | { readonly what: 'stop'; readonly replica: number; readonly downSeconds: number }
  /** `amid`: not before the replica next asks for the record of an intent, or saves the state of a unit. */
  | {
      readonly what: 'pause' | 'cut'
      readonly replica: number
      readonly forSeconds: number
      readonly amid: 'intent' | 'save' | undefined
    }
  | { readonly what: 'clock'; readonly replica: number; readonly bySeconds: number }
  | { readonly what: 'join' | 'leave'; readonly replica: number }
  | { readonly what: 'database'; readonly how: 'falls' | 'pauses' | 'is slow'; readonly forSeconds: number }
  /** Credentials come so late that much can happen between an intent and its call. */
  | { readonly what: 'slow credentials'; readonly forSeconds: number }
)

export interface FleetScenario {
  readonly base: Scenario
  readonly outside: readonly Outside[]
  readonly inside: readonly Inside[]
  readonly replicas: number
  readonly leaseMs: number
  readonly databaseMs: { readonly from: number; readonly to: number }
  /** Whether a client of AWS asks the last question, when the bytes leave. Otherwise they leave with the intent. */
  readonly asksLast: boolean
  /** How long a rolling edit takes from one replica to the next. */
  readonly rollSeconds: number
}

const whole = (min: number, max: number) => fc.integer({ min, max })
const replica = whole(0, MOST_REPLICAS - 1)

type Timeless<Timed> = Timed extends unknown ? Omit<Timed, 'afterSeconds'> : never

const after = (own: fc.Arbitrary<Timeless<Inside>>): fc.Arbitrary<Inside> =>
  fc
    .tuple(fc.oneof(whole(0, 20), whole(0, 90)), own)
    .map(([afterSeconds, rest]) => ({ afterSeconds, ...rest }) as Inside)

const inside: fc.Arbitrary<Inside> = fc.oneof(
  {
    weight: 4,
    arbitrary: after(
      fc.record({
        what: fc.constant('kill' as const),
        replica,
        afterRequests: whole(1, 40),
        phase: fc.constantFrom('before' as const, 'after' as const),
        power: fc.boolean(),
        downSeconds: whole(0, 60),
      }),
    ),
  },
  {
    weight: 2,
    arbitrary: after(fc.record({ what: fc.constant('stop' as const), replica, downSeconds: whole(0, 60) })),
  },
  {
    weight: 8,
    arbitrary: after(
      fc.record({
        what: fc.constantFrom('pause' as const, 'pause' as const, 'cut' as const),
        replica,
        forSeconds: fc.oneof(whole(1, 8), whole(7, 20), whole(7, 60)),
        amid: fc.constantFrom(undefined, 'intent' as const, 'save' as const),
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: after(
      fc.record({
        what: fc.constant('clock' as const),
        replica,
        bySeconds: fc.oneof(fc.constantFrom(-60, 60), whole(-4000, 4000)),
      }),
    ),
  },
  { weight: 2, arbitrary: after(fc.record({ what: fc.constantFrom('join' as const, 'leave' as const), replica })) },
  {
    weight: 2,
    arbitrary: after(
      fc.record({
        what: fc.constant('database' as const),
        how: fc.constantFrom('falls' as const, 'pauses' as const, 'is slow' as const),
        forSeconds: fc.oneof(whole(1, 10), whole(5, 60)),
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: after(fc.record({ what: fc.constant('slow credentials' as const), forSeconds: whole(10, 120) })),
  },
)

const isOutside = (happening: Happening): happening is Outside =>
  !['kill', 'stop', 'full disk', 'clock'].includes(happening.what)

/** Records wait for the network and not for a disk. */
const NO_DISK = { from: 0, to: 100 }

export const fleetScenario: fc.Arbitrary<FleetScenario> = fc
  .record({
    base: scenario,
    inside: fc.array(inside, { minLength: 10, maxLength: 45, size: 'max' }),
    replicas: whole(2, 3),
    leaseMs: fc.constantFrom(3000, 6000),
    databaseMs: fc.constantFrom({ from: 0, to: 0 }, { from: 1, to: 5 }, { from: 5, to: 60 }),
    asksLast: fc.boolean(),
    rollSeconds: fc.constantFrom(1, 5, 20),
  })
  .map(({ base, ...rest }) => ({
    ...rest,
    base: { ...base, syncMs: NO_DISK, happenings: [], assignment: { ...base.assignment, watched: [0, 1, 2] } },
    outside: base.happenings.filter(isOutside),
  }))
