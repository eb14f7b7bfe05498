import { errorXml } from './ec2-xml.ts'
import type { SimulatedResponse } from './exchange.ts'
import type { FaultKind } from './fault-kinds.ts'

const error = (status: number, code: string, requestId: string): SimulatedResponse => ({
  status,
  body: errorXml({ code, message: 'A fault of the simulator.' }, requestId),
})

const page = (status: number): SimulatedResponse => ({
  status,
  headers: { 'content-type': 'text/html' },
  body: '<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in to the network</body></html>',
})

/** The answer that replaces AWS's own, so that the request has no effect. Undefined for a fault of another nature. */
export const answerInstead = (fault: FaultKind | undefined, requestId: string): SimulatedResponse | undefined => {
  switch (fault) {
    case 'throttle':
      return error(503, 'RequestLimitExceeded', requestId)
    case 'internal-error':
      return error(500, 'InternalError', requestId)
    case 'unavailable':
      return error(503, 'Unavailable', requestId)
    case 'denied':
      return error(403, 'UnauthorizedOperation', requestId)
    case 'expired-credentials':
      return error(400, 'RequestExpired', requestId)
    case 'error-in-success':
      return error(200, 'InternalError', requestId)
    case 'login-page':
      return page(200)
    case 'proxy-error':
      return page(502)
    case 'empty':
      return { status: 200, body: '' }
    case 'garbage':
      return { status: 200, body: '\u0000\u0007%PDF-1.7 <<>>' }
    default:
      return undefined
  }
}
