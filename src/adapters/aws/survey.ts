import { DescribeClientVpnConnectionsCommand, DescribeClientVpnEndpointsCommand, EC2Client } from '@aws-sdk/client-ec2'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import type { Obstacle, Reach, Survey, Way } from '../../app/survey.ts'
import { VpnError } from '../../app/vpn.ts'
import { instantOf } from '../../domain/aws-text.ts'
import { ProxyFailure } from '../proxy/proxy-failure.ts'
import { MalformedAnswer } from './answer-body.ts'
import type { createClients } from './clients.ts'
import { isPlain, systemCodeOf } from './error-codes.ts'
import type { Exchange } from './exchange.ts'
import { missingPermissions } from './permissions.ts'
import { wrongUrl } from './wrong-url.ts'

type Clients = ReturnType<typeof createClients>

const OBSTACLES: Readonly<Record<string, Obstacle>> = {
  ENOTFOUND: 'name',
  EAI_AGAIN: 'name',
  ECONNREFUSED: 'refused',
}

const IS_OF_TLS = /CERT|ERR_TLS|ERR_SSL|UNABLE_TO_/

const obstacleOf = ({ code, awsCode, cause }: VpnError): Obstacle => {
  if (cause instanceof ProxyFailure) return 'proxy'
  if (wrongUrl(cause, 'EC2') !== undefined) return 'url'
  if (isPlain(cause)) return 'no-tls'
  const system = systemCodeOf(cause) ?? ''
  if (OBSTACLES[system] !== undefined) return OBSTACLES[system]
  if (IS_OF_TLS.test(system)) return 'certificate'
  if (code === 'timeout') return 'silence'
  // A server that does not write the errors of AWS is not AWS.
  return code === 'unreachable' || awsCode !== undefined ? 'broken' : 'another-server'
}

/** Clients that do not sign. They share the sockets, and so the proxy and the trusted certificates, of the others. */
const unsignedClients = (
  { reader, identity }: Pick<Clients, 'reader' | 'identity'>,
  endpointUrl: string | undefined,
) => {
  const common = {
    maxAttempts: 1,
    credentials: { accessKeyId: 'none', secretAccessKey: 'none' },
    signer: { sign: async <Request>(request: Request) => request },
  }
  return {
    EC2: new EC2Client({
      ...common,
      region: reader.config.region,
      requestHandler: reader.config.requestHandler,
      ...(endpointUrl === undefined ? {} : { endpoint: endpointUrl }),
    }),
    STS: new STSClient({ ...common, region: identity.config.region, requestHandler: identity.config.requestHandler }),
  }
}

/** A command that an unsigned client sends. It is never carried out: AWS refuses it. */
const refusedCommand = (service: 'EC2' | 'STS', clients: ReturnType<typeof unsignedClients>) => {
  if (service === 'STS') {
    const command = new GetCallerIdentityCommand({})
    const send = (abortSignal: AbortSignal) => clients.STS.send(command, { abortSignal })
    return { action: 'GetCallerIdentity', command, send } as const
  }
  const command = new DescribeClientVpnEndpointsCommand({ DryRun: true })
  const send = (abortSignal: AbortSignal) => clients.EC2.send(command, { abortSignal })
  return { action: 'DescribeClientVpnEndpoints', command, send } as const
}

export const createSurvey = ({
  clients,
  exchange,
  endpointUrl,
}: {
  readonly clients: Pick<Clients, 'reader' | 'identity'>
  readonly exchange: Exchange
  readonly endpointUrl: string | undefined
}): Survey => {
  let unsigned: ReturnType<typeof unsignedClients> | undefined
  return {
    async reach(service, signal) {
      unsigned ??= unsignedClients(clients, endpointUrl)
      const { action, command, send } = refusedCommand(service, unsigned)
      let way: Way | undefined
      const onSend = (sent: Way) => {
        way = sent
      }
      const notReached = (error: VpnError): Reach => ({
        state: 'not-reached',
        way,
        obstacle: obstacleOf(error),
        systemCode: systemCodeOf(error.cause),
        detail:
          wrongUrl(error.cause, service)?.found ?? (error.cause instanceof Error ? error.cause.message : error.message),
        advice: error.advice ?? 'try again',
      })
      try {
        await exchange.carry({ action, endpointId: undefined, command, send, signal, onSend })
      } catch (error) {
        if (!(error instanceof VpnError)) throw error
        if (error.awsCode !== undefined && way !== undefined) return { state: 'reached', way }
        return notReached(error)
      }
      return notReached(new VpnError('malformed', 'a request without a signature was accepted'))
    },

    caller(signal) {
      const command = new GetCallerIdentityCommand({})
      const send = async (abortSignal: AbortSignal) => {
        const { Account = '', Arn = '' } = await clients.identity.send(command, { abortSignal })
        if (!/^\d{12}$/.test(Account)) throw new MalformedAnswer('the answer names no account')
        return { account: Account, arn: Arn }
      }
      return exchange.carry({ action: 'GetCallerIdentity', endpointId: undefined, command, send, signal })
    },

    denials: (endpointId, signal) => missingPermissions(clients, exchange, endpointId, signal),

    newestRowAt(endpointId, signal) {
      const command = new DescribeClientVpnConnectionsCommand({ ClientVpnEndpointId: endpointId, MaxResults: 1000 })
      const send = async (abortSignal: AbortSignal) => {
        const { Connections = [] } = await clients.reader.send(command, { abortSignal })
        const at = Connections.flatMap(({ Status, Timestamp }) =>
          Status?.Code === 'active' ? (instantOf(Timestamp) ?? []) : [],
        )
        return at.length === 0 ? undefined : at.reduce((latest, one) => Math.max(latest, one))
      }
      // Without an endpoint the page is left to the SDK, which also reads the timestamps.
      return exchange.carry({ action: 'DescribeClientVpnConnections', endpointId: undefined, command, send, signal })
    },
  }
}
