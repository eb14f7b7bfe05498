import { TerminateClientVpnConnectionsCommand } from '@aws-sdk/client-ec2'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { VpnError, type VpnSite } from '../../app/vpn.ts'
import { formatDuration } from '../../domain/time/duration.ts'
import { MINUTE } from '../../domain/time/instant.ts'
import type { ActionName } from './actions.ts'
import { MalformedAnswer } from './answer-body.ts'
import { accountOf, RoleNotAssumed } from './assumed-role.ts'
import { type ClientOptions, createClients } from './clients.ts'
import { type ApiRequest, createExchange } from './exchange.ts'
import { vpnErrorOf } from './failure-message.ts'
import { createLists } from './lists.ts'
import { type Page, readAllPages } from './pages.ts'
import { missingPermissions } from './permissions.ts'
import { createRenewal } from './renewal.ts'

export interface VpnOptions extends ClientOptions {
  /** Told of every HTTP attempt at EC2 and of the question for the account, those that the SDK repeats by itself included. */
  readonly onRequest?: ((request: ApiRequest) => void) | undefined
  /** Waited for before each page: our share of the account's read requests. */
  readonly beforePage?: ((signal: AbortSignal) => Promise<void>) | undefined
}

/** AWS itself said so: new credentials may help. */
const isExpired = (error: unknown) =>
  error instanceof VpnError && error.code === 'expired-credentials' && !(error.cause instanceof RoleNotAssumed)

/**
 * Timers stand still while a machine sleeps, and its clock goes on. Corrections of the clock by AWS's answers stay within
 * five minutes: a list during which more than this was lost has a beginning that is as old.
 */
const ASLEEP_MS = 6 * MINUTE

/**
 * The Client VPN of one account in one Region, by the SDK's default credentials or those of a role. `requestTimeoutMs`
 * bounds each page and each termination whole.
 */
export const createVpn = (options: VpnOptions): VpnSite & { close(): void } => {
  const { region, requestTimeoutMs: limitMs, clock, assumeRole, onRequest, beforePage } = options
  const clients = createClients(options)
  const { reader, terminator, identity } = clients
  const exchange = createExchange({ region, limitMs, clock, onRequest })
  const lists = createLists(reader, exchange, region)
  const renew = createRenewal(clients.credentials, clock)

  /** What only reads is done again at once with new credentials, when AWS says that the old ones have expired. */
  const reading = async <Output>(work: () => Promise<Output>): Promise<Output> => {
    try {
      return await work()
    } catch (error) {
      if (!isExpired(error) || !(await renew())) throw error
      return work()
    }
  }

  const scan = async <Row extends { readonly id: string }>(
    asked: { readonly action: ActionName; readonly endpointId: string | undefined },
    page: (token: string | undefined) => Promise<Page<Row>>,
    signal: AbortSignal,
  ) => {
    const [startedAt, beganAt] = [clock.elapsed(), clock.now()]
    try {
      const rows = await readAllPages((token) =>
        reading(async () => {
          await beforePage?.(signal)
          return page(token)
        }),
      )
      // By the clock as its answers have left it: the time at the beginning may have been wrong, the time since is not.
      const completedAt = clock.now()
      const tookMs = Math.round(clock.elapsed() - startedAt)
      const lostMs = completedAt - beganAt - tookMs
      if (lostMs > ASLEEP_MS) {
        const what = `${asked.action} in ${region}: while the list was read the clock moved on by ${formatDuration(lostMs)}`
        throw new VpnError('timeout', `${what}: this machine slept, or its clock was set. The next poll reads anew.`)
      }
      return { begunAt: completedAt - tookMs, completedAt, rows }
    } catch (error) {
      if (error instanceof VpnError) throw error
      throw vpnErrorOf(error, { ...asked, region, address: undefined, limitMs })
    }
  }

  /** A token may run out in the middle of a long list: then once more from the start. */
  const readList: typeof scan = async (asked, page, signal) => {
    try {
      return await scan(asked, page, signal)
    } catch (error) {
      if (!(error instanceof VpnError && error.code === 'bad-pagination-token')) throw error
      return scan(asked, page, signal)
    }
  }

  return {
    async snapshot(endpointId, signal) {
      const asked = { action: 'DescribeClientVpnConnections', endpointId } as const
      const { rows, ...times } = await readList(asked, (token) => lists.connections(endpointId, token, signal), signal)
      return { endpointId, ...times, connections: rows }
    },

    async endpoints(signal) {
      const asked = { action: 'DescribeClientVpnEndpoints', endpointId: undefined } as const
      return (await readList(asked, (token) => lists.endpoints(token, signal), signal)).rows
    },

    missingPermissions: (endpointId, signal) =>
      reading(async () => {
        await beforePage?.(signal)
        return missingPermissions(clients, exchange, endpointId, signal)
      }),

    async account(signal) {
      const ofRole = assumeRole === undefined ? undefined : accountOf(assumeRole.arn)
      if (ofRole !== undefined) return ofRole
      const action = 'GetCallerIdentity'
      return reading(() => {
        const command = new GetCallerIdentityCommand({})
        return exchange.carry({
          action,
          endpointId: undefined,
          command,
          signal,
          send: async (abortSignal) => {
            const { Account } = await identity.send(command, { abortSignal })
            if (!/^\d{12}$/.test(Account ?? '')) throw new MalformedAnswer('the answer names no account')
            return Account ?? ''
          },
        })
      })
    },

    async terminate({ endpointId, ...selector }, signal) {
      const command = new TerminateClientVpnConnectionsCommand({
        ClientVpnEndpointId: endpointId,
        ...('connectionId' in selector ? { ConnectionId: selector.connectionId } : { Username: selector.username }),
      })
      const call = exchange.carry({
        action: 'TerminateClientVpnConnections',
        endpointId,
        command,
        signal,
        send: async (abortSignal) => {
          const { ConnectionStatuses = [], $metadata } = await terminator.send(command, { abortSignal })
          return {
            requestId: $metadata.requestId,
            statuses: ConnectionStatuses.flatMap(({ ConnectionId, PreviousStatus, CurrentStatus }) =>
              ConnectionId === undefined
                ? []
                : [{ connectionId: ConnectionId, previous: PreviousStatus?.Code, current: CurrentStatus?.Code }],
            ),
          }
        },
      })
      return call.catch(async (error: unknown) => {
        // Not sent again here: the queue does that, and finds the new ones.
        if (isExpired(error)) await renew()
        throw error
      })
    },

    close() {
      for (const client of [reader, terminator, identity]) client.destroy()
    },
  }
}
