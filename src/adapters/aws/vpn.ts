import { TerminateClientVpnConnectionsCommand } from '@aws-sdk/client-ec2'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import type { PageList } from '../../app/read-budget.ts'
import type { Survey } from '../../app/survey.ts'
import { VpnError, type VpnSite } from '../../app/vpn.ts'
import { accountOfRole } from '../../config/watched-unit.ts'
import { beside } from '../../domain/connection.ts'
import { CLOCK_NOT_CONFIRMED } from '../../domain/judge/view.ts'
import type { UnreadField } from '../../domain/snapshot.ts'
import { formatDuration } from '../../domain/time/duration.ts'
import { msBetween } from '../../domain/time/elapsed.ts'
import { MINUTE } from '../../domain/time/instant.ts'
import type { ActionName } from './actions.ts'
import { MalformedAnswer } from './answer-body.ts'
import { type ClientOptions, createClients } from './clients.ts'
import { type ApiRequest, createExchange } from './exchange.ts'
import { vpnErrorOf } from './failure-message.ts'
import { createLists } from './lists.ts'
import { type Page, readAllPages } from './pages.ts'
import { missingPermissions } from './permissions.ts'
import { createReading, createRenewal, isExpired } from './renewal.ts'
import { createSurvey } from './survey.ts'

export interface VpnOptions extends ClientOptions {
  /** Called after every HTTP attempt at EC2 and at GetCallerIdentity, including the SDK's own retries. */
  readonly onRequest?: ((request: ApiRequest) => void) | undefined
  /** Awaited before each page. It limits Curfew's share of the account's read requests. */
  readonly beforePage?: ((signal: AbortSignal, list: PageList) => Promise<void>) | undefined
}

/** Requests that are no part of a list of connections. They are few, and no list waits long for them. */
const noList = (): PageList => ({ endpointId: undefined })

/**
 * While a machine sleeps its timers stop, but its clock goes on. Corrections of the clock by AWS's `Date` stay within
 * five minutes. If the clock moved further than this while a list was read, its first rows may be that old, unless AWS
 * has shown that the host's clock is wrong: then the list is of no use either, because nothing can be decided.
 */
const ASLEEP_MS = 6 * MINUTE

/**
 * The Client VPN of one account in one Region, called with the SDK's default credentials or those of a role.
 * `requestTimeoutMs` limits each page and each termination, with all its attempts.
 */
export const createVpn = (options: VpnOptions): VpnSite & { readonly survey: Survey; close(): void } => {
  const { region, requestTimeoutMs: limitMs, clock, assumeRole, onRequest, beforePage } = options
  const clients = createClients(options)
  const { reader, terminator, identity } = clients
  const exchange = createExchange({
    region,
    limitMs,
    clock,
    onRequest,
    whyNoCredentials: clients.whyNoCredentials,
    outgoing: options.outgoing,
  })
  const lists = createLists(reader, exchange, region)
  const renew = createRenewal(clients.credentials, limitMs, clock)
  const reading = createReading(renew)

  const scan = async <Row extends { readonly id: string }>(
    request: { readonly action: ActionName; readonly endpointId: string | undefined },
    list: PageList,
    page: (token: string | undefined) => Promise<Page<Row>>,
    signal: AbortSignal,
    begins: () => void = () => {},
  ) => {
    let [startedAt, beganAt] = [clock.elapsed(), clock.now()]
    try {
      const whole = await readAllPages((token) =>
        reading(signal, async () => {
          await beforePage?.(signal, list)
          if (token === undefined) {
            ;[startedAt, beganAt] = [clock.elapsed(), clock.now()]
            begins()
          }
          return page(token)
        }),
      )
      // AWS's answers may correct the clock during the list. So the start is computed from the corrected clock and the
      // time that has passed: the time taken at the start may have been wrong.
      const completedAt = clock.now()
      const tookMs = Math.round(msBetween(startedAt, clock.elapsed()))
      const lostMs = completedAt - beganAt - tookMs
      if (lostMs > ASLEEP_MS) {
        const jump = `the clock jumped forward by ${formatDuration(lostMs)} while the list was read`
        const because =
          clock.trust() === 'wrong'
            ? CLOCK_NOT_CONFIRMED
            : `${jump}: this machine slept, or its clock was set; the next poll reads it again`
        throw new VpnError('timeout', `${request.action} in ${region}: ${because}`)
      }
      return { begunAt: completedAt - tookMs, completedAt, ...whole }
    } catch (error) {
      if (error instanceof VpnError) throw error
      throw vpnErrorOf(error, { ...request, region, address: undefined, limitMs })
    }
  }

  /** A pagination token may expire in the middle of a long list: then the list is read once more from the start. */
  const readList: typeof scan = async (request, list, page, signal, begins) => {
    try {
      return await scan(request, list, page, signal, begins)
    } catch (error) {
      if (!(error instanceof VpnError && error.code === 'bad-pagination-token')) throw error
      return scan(request, { ...list }, page, signal)
    }
  }

  return {
    async snapshot(endpointId, signal, begins, shown = () => undefined) {
      const request = { action: 'DescribeClientVpnConnections', endpointId } as const
      const unread = new Map<UnreadField, string>()
      const readPage = async (token: string | undefined) => {
        const page = await lists.connections(endpointId, token, signal)
        for (const [field, text] of page.unread) unread.set(field, text)
        return { ...page, rows: page.rows.map((row) => beside(row, shown(row.id))) }
      }
      const { rows, ...read } = await readList(request, { endpointId }, readPage, signal, begins)
      return { endpointId, ...read, connections: rows, unread }
    },

    async lookUp(endpointId, ids, signal) {
      const request = { action: 'DescribeClientVpnConnections', endpointId } as const
      const asked = new Set(ids)
      const readPage = async (token: string | undefined) => {
        const page = await lists.connections(endpointId, token, signal, ids)
        return page.rows.every(({ id }) => asked.has(id)) ? page : { ...page, nextToken: undefined }
      }
      const { rows, begunAt, completedAt } = await readList(request, noList(), readPage, signal)
      return { endpointId, asked: ids, begunAt, completedAt, connections: rows }
    },

    async endpoints(signal) {
      const request = { action: 'DescribeClientVpnEndpoints', endpointId: undefined } as const
      return (await readList(request, noList(), (token) => lists.endpoints(token, signal), signal)).rows
    },

    missingPermissions: (endpointId, signal) =>
      reading(signal, async () => {
        await beforePage?.(signal, noList())
        return [...(await missingPermissions(clients, exchange, endpointId, signal)).keys()]
      }),

    async account(signal) {
      const ofRole = assumeRole === undefined ? undefined : accountOfRole(assumeRole.arn)
      if (ofRole !== undefined) return ofRole
      const action = 'GetCallerIdentity'
      return reading(signal, () => {
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
        // The call is not repeated here. The termination queue repeats it with the new credentials.
        if (isExpired(error)) await renew(signal)
        throw error
      })
    },

    survey: createSurvey({ clients, exchange, endpointUrl: options.endpointUrl }),

    close() {
      for (const client of [reader, terminator, identity]) client.destroy()
    },
  }
}
