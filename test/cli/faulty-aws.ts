import type { Interception, SimulatedRequest } from '../../src/simulator/server.ts'

const error = (status: number, code: string): Interception => ({
  status,
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>${code}</Code><Message>as the test wants</Message></Error></Errors><RequestID>0</RequestID></Response>`,
})

const page = (status: number): Interception => ({
  status,
  headers: { 'content-type': 'text/html' },
  body: '<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in to the network</body></html>',
})

/** What AWS, and what stands between it and us, may answer; and what Curfew calls it. */
export const FAULTS: ReadonlyArray<{
  readonly fault: string
  readonly code: string
  readonly answer: (request: SimulatedRequest) => Interception
}> = [
  { fault: 'an internal error', code: 'server-error', answer: () => error(500, 'InternalError') },
  { fault: 'an unavailable service', code: 'server-error', answer: () => error(503, 'Unavailable') },
  { fault: 'a throttle', code: 'throttled', answer: () => error(503, 'RequestLimitExceeded') },
  { fault: 'a reset connection', code: 'unreachable', answer: () => 'reset' },
  { fault: 'no answer at all', code: 'timeout', answer: () => 'hang' },
  { fault: 'a login page', code: 'malformed', answer: () => page(200) },
  { fault: "a proxy's own error", code: 'server-error', answer: () => page(502) },
  { fault: 'garbage', code: 'malformed', answer: () => ({ status: 200, body: '\u0000\u0007%PDF-1.7 <<>>' }) },
  { fault: 'an empty body', code: 'malformed', answer: () => ({ status: 200, body: '' }) },
  { fault: 'an error inside a success', code: 'malformed', answer: () => error(200, 'InternalError') },
  {
    fault: 'an answer that is cut off',
    code: 'malformed',
    answer: ({ action }) => ({
      status: 200,
      body: `<?xml version="1.0" encoding="UTF-8"?>\n<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>0</requestId><connections><item><connectionId>cvpn-conn`,
    }),
  },
  { fault: 'a denial', code: 'denied', answer: () => error(403, 'UnauthorizedOperation') },
  { fault: 'expired credentials', code: 'expired-credentials', answer: () => error(400, 'RequestExpired') },
]
