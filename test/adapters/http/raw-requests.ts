import fc from 'fast-check'

/** Paths that exist, and paths that resemble them. */
const path = fc.oneof(
  fc.constantFrom(
    '/',
    '/metrics',
    '/status',
    '/healthz',
    '/readyz',
    '/metrics/',
    '//metrics',
    '/%6detrics',
    '/Metrics',
    '/metrics?x=1',
    '/healthz/../metrics',
    '/healthz%2f..%2fmetrics',
    '/healthz;/metrics',
    '/healthz?/metrics',
    '/healthz#/metrics',
    '*',
    'metrics',
    'http://x/metrics',
    '/%',
    '/%zz',
    '/%00',
    '/\u00ff',
    '/__proto__',
    '',
    '/?',
    `/${'a/'.repeat(2000)}`,
    '/a'.repeat(30),
    '/metrics HTTP/1.1\r\nx: ',
    '/constructor',
    '/healthz\t/metrics',
  ),
  fc.string({ maxLength: 20 }),
)

const method = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('GET', 'HEAD') },
  {
    weight: 3,
    arbitrary: fc.constantFrom('POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'PATCH', 'PRI', 'QUERY'),
  },
  { weight: 1, arbitrary: fc.constantFrom('get', 'GETT', '', 'G ET', '\u0000', 'M-SEARCH', 'SOURCE') },
)

const version = fc.oneof(
  { weight: 6, arbitrary: fc.constant('HTTP/1.1') },
  {
    weight: 2,
    arbitrary: fc.constantFrom('HTTP/1.0', 'HTTP/2.0', 'HTTP/0.9', 'HTTP/9.9', 'HTTP/1.1 ', 'http/1.1', 'FTP/1.1', ''),
  },
)

const base64 = (text: string) => Buffer.from(text).toString('base64')

/** Credentials of every shape, none of them valid. */
const login = fc.oneof(
  fc.constantFrom(
    'Basic',
    'Basic ',
    'Bearer',
    'Bearer ',
    'Digest x',
    'basic Og==',
    `Basic ${base64('prometheus:')}`,
    `Basic ${base64('prometheus:wrong')}`,
    `Basic ${base64('__proto__:x')}`,
    `Basic ${base64('constructor:x')}`,
    `Basic ${base64('prometheus')}`,
    `Basic ${base64('prometheus\0:secret')}`,
    `Basic ${base64('prometheus:secret\0')}`,
    `Bearer ${'0'.repeat(31)}`,
    `Bearer ${'0'.repeat(33)}`,
    `Bearer  ${'1'.repeat(32)}`,
    `Bearer ${'x'.repeat(6000)}`,
    `Basic ${base64(`prometheus:${'x'.repeat(4000)}`)}`,
  ),
  fc
    .tuple(fc.constantFrom('Basic', 'Bearer', 'bASIC'), fc.base64String({ maxLength: 60 }))
    .map(([scheme, text]) => `${scheme} ${text}`),
  fc.string({ maxLength: 30 }),
)

const header = fc.oneof(
  login.map((text) => `Authorization: ${text}`),
  fc.constantFrom(
    'Host: x',
    'Host: x\r\nHost: y',
    'Connection: close',
    'Connection: keep-alive',
    'Connection: upgrade\r\nUpgrade: websocket',
    'Upgrade: h2c',
    'Expect: 100-continue',
    'Expect: x',
    'Content-Length: 0',
    'Content-Length: 5',
    'Content-Length: -1',
    'Content-Length: 99999999999999999999',
    'Content-Length: 5\r\nContent-Length: 6',
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: chunked\r\nContent-Length: 3',
    'Transfer-Encoding: x, chunked',
    'Content-Type: application/json',
    'Content-Type: \u00ff',
    'Accept-Encoding: gzip, x',
    'Range: bytes=0-',
    'If-None-Match: *',
    'X-Forwarded-For: 127.0.0.1',
    'X-HTTP-Method-Override: POST',
    'Accept-Version: 9',
    ' folded: x',
    'x',
    ': x',
    'x\u0000: y',
    `x: ${'y'.repeat(7000)}`,
    `x: ${'y'.repeat(20_000)}`,
    'Cookie: a=b',
    '__proto__: x',
    'constructor: x',
    'Content-Encoding: gzip',
  ),
  fc.tuple(fc.string({ maxLength: 10 }), fc.string({ maxLength: 20 })).map((pair) => pair.join(': ')),
)

const body = fc.oneof(
  { weight: 4, arbitrary: fc.constant('') },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'hello',
      '5\r\nhello\r\n0\r\n\r\n',
      'ffffffffffffffff\r\nx',
      'z\r\n',
      '0\r\n\r\n',
      '-1\r\n\r\n',
      '{"a":',
    ),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 50 }) },
)

const request = fc
  .tuple(method, path, version, fc.array(header, { maxLength: 4 }), body, fc.constantFrom('\r\n', '\r\n', '\r\n', '\n'))
  .map(([verb, target, protocol, headers, content, newline]) =>
    Buffer.from([`${verb} ${target} ${protocol}`, 'Host: localhost', ...headers, '', content].join(newline), 'latin1'),
  )

/** A request as clients send it, for a path that exists. */
const usual = fc
  .tuple(
    fc.constantFrom('GET', 'HEAD', 'POST'),
    fc.constantFrom('/', '/metrics', '/status', '/healthz', '/readyz'),
    fc.option(login),
  )
  .map(([verb, target, text]) =>
    Buffer.from(
      `${verb} ${target} HTTP/1.1\r\nHost: localhost\r\n${text === null ? '' : `Authorization: ${text}\r\n`}\r\n`,
      'latin1',
    ),
  )

/** A request with a few bytes replaced. */
const damaged = fc
  .tuple(
    fc.oneof(usual, request),
    fc.array(fc.tuple(fc.nat(), fc.nat(8), fc.uint8Array({ maxLength: 4 })), { maxLength: 3 }),
  )
  .map(([bytes, edits]) =>
    edits.reduce((left, [place, drop, insert]) => {
      const at = place % (left.length + 1)
      return Buffer.concat([left.subarray(0, at), insert, left.subarray(at + drop)])
    }, bytes),
  )

export interface Conversation {
  /** The bytes to send, in order. */
  readonly pieces: readonly Uint8Array[]
  /** The client's last action, after all pieces. */
  readonly lastly: 'end' | 'reset' | 'wait'
}

/** One to four requests in a row, complete or damaged, split into pieces. */
export const conversation = (lastly: readonly Conversation['lastly'][]): fc.Arbitrary<Conversation> =>
  fc
    .record({
      requests: fc.array(
        fc.oneof(
          { weight: 4, arbitrary: usual },
          { weight: 3, arbitrary: request },
          { weight: 3, arbitrary: damaged },
          { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }) },
        ),
        { minLength: 1, maxLength: 4 },
      ),
      splits: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 3 }),
      lastly: fc.constantFrom(...lastly),
    })
    .map(({ requests, splits, lastly: after }) => {
      const bytes = Buffer.concat(requests)
      const ends = [...splits.map((share) => Math.floor(share * bytes.length)).sort((a, b) => a - b), bytes.length]
      return { pieces: ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end)), lastly: after }
    })
