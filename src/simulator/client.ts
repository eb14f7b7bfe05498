import { type Instant, SECOND } from '../domain/time/instant.ts'
import type { Random } from './random.ts'
import type { Authentication } from './scenario.ts'

/** The time from a termination to the client's next connection: milliseconds, or `never`. */
export type ReconnectAfter = number | 'never'

/** One person's device. It may have a connection, lose it, and reconnect with a new one. */
export interface Client {
  readonly username: string | undefined
  readonly commonName: string
  readonly posture: readonly string[]
  readonly ingressPerSecond: number
  readonly egressPerSecond: number
  /** Undefined: the default of the endpoint's authentication applies, see `reconnectDelay`. */
  readonly reconnectAfter: ReconnectAfter | undefined
  /** When this person leaves for good, connected or not. */
  leavesAt: Instant
}

/** OpenVPN's keep-alives: a packet of about 60 bytes every ten seconds in each direction. */
const KEEP_ALIVE_PER_SECOND = 6

/** Bytes per second of a person at work: mails, pages, an occasional file. */
const WORKING_INGRESS = { from: 2_000, to: 20_000 }
const WORKING_EGRESS = { from: 10_000, to: 200_000 }

export const traffic = (idle: boolean, random: Random): Pick<Client, 'ingressPerSecond' | 'egressPerSecond'> =>
  idle
    ? { ingressPerSecond: KEEP_ALIVE_PER_SECOND, egressPerSecond: KEEP_ALIVE_PER_SECOND }
    : { ingressPerSecond: random.within(WORKING_INGRESS), egressPerSecond: random.within(WORKING_EGRESS) }

/** Clients with a certificate or a stored password were observed to reconnect within two to three seconds. */
const AUTOMATIC_DELAY = { from: 2 * SECOND, to: 3 * SECOND }

/** A federated login needs the person at a browser. Such a client never reconnects, unless its scenario says otherwise. */
export const reconnectDelay = (client: Client, authentication: Authentication, random: Random): ReconnectAfter =>
  client.reconnectAfter ?? (authentication === 'federated' ? 'never' : random.within(AUTOMATIC_DELAY))
