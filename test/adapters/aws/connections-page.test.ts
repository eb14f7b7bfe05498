import { Readable } from 'node:stream'
import { DescribeClientVpnConnectionsCommand, EC2Client } from '@aws-sdk/client-ec2'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkBody } from '../../../src/adapters/aws/answer-body.ts'
import { connectionOf, unreadIn } from '../../../src/adapters/aws/connection-row.ts'
import { readConnectionsPage } from '../../../src/adapters/aws/connections-page.ts'
import { withReadableReferences } from '../../../src/adapters/aws/xml-references.ts'
import { fuzzRuns } from '../../fuzz-runs.ts'

const PLACE = { endpointId: 'cvpn-endpoint-0123456789abcdef0', region: 'eu-central-1' }

/** A client with the SDK's own protocol that gets this body for every call. */
const stockClient = (body: Buffer) =>
  new EC2Client({
    region: PLACE.region,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
    requestHandler: {
      handle: () => Promise.resolve({ response: { statusCode: 200, headers: {}, body: Readable.from([body]) } }),
    } as never,
  })

/** Reads a body with `checkBody` and the SDK. The result is the page, or `refused`. */
const stock = async (body: Buffer) => {
  try {
    checkBody(body, 'DescribeClientVpnConnections')
    const command = new DescribeClientVpnConnectionsCommand({ ClientVpnEndpointId: '' })
    const { Connections = [], NextToken } = await stockClient(withReadableReferences(body)).send(command)
    const rows = Connections.map((row) => connectionOf(row, PLACE))
    return { rows, nextToken: NextToken || undefined, unread: unreadIn(Connections) }
  } catch {
    return 'refused'
  }
}

const fast = (body: Buffer) => readConnectionsPage(body, PLACE) ?? 'left to the SDK'

const element = (name: string, content: string) => `<${name}>${content}</${name}>`
const answer = (content: string, xmlns = ' xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"') =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<DescribeClientVpnConnectionsResponse${xmlns}>${content}</DescribeClientVpnConnectionsResponse>`

/** Text that EC2 may send: plain or with entities. `oddText` has CDATA, comments, line ends and the like. */
const usualText = fc.oneof(
  fc.constantFrom(
    '',
    'alice',
    'CORP\\bob',
    'ext-1@vendor.example',
    '2026-11-23 08:00:00',
    '12345',
    '9007199254740993',
    '2026-02-30 08:00:00',
    '2026-11-23 24:00:00',
    '2026-11-23T08:00:00Z',
    '2026-11-23T08:00:00.123456',
    'yesterday',
    '-',
    'NA',
    'Zoë 日本',
  ),
  fc.string({ maxLength: 12 }).map((text) => text.replaceAll(/[<&\r\n]/g, '')),
  fc.constantFrom('&#128512;', '&#x1F600;', 'a&#x0001F600;b', '&#xE9;', '&#x26;lt;', '&#60;'),
  fc.constantFrom('r&amp;d', '&lt;&gt;&quot;&apos;', ' leading', 'trailing '),
)
const oddText = fc.constantFrom(
  '<![CDATA[<alice> & co]]>',
  'al<!-- who? -->ice',
  '&#65;&#x42;',
  '&unknown;x',
  '&#xD83D;&#xDE00;',
  '&#x110000;',
  '&#0;',
  '&#10;',
  'a & b',
  '\n  ',
  'one\ntwo',
  'one\r\ntwo',
  '<?pi x?>alice',
  '<b>bold</b>',
  '  ',
)
const usualNames = [
  'connectionId',
  'username',
  'commonName',
  'connectionEstablishedTime',
  'ingressBytes',
  'egressBytes',
  'clientIp',
  'timestamp',
  'somethingNew',
]

const elementOf = (text: fc.Arbitrary<string>) =>
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.tuple(fc.constantFrom(...usualNames), text).map(([name, value]) => element(name, value)),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(...usualNames, 'status', 'postureComplianceStatusSet').map((name) => `<${name}/>`),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom('active', 'terminating', ''), text)
        .map(([code, message]) => element('status', element('code', code) + element('message', message))),
    },
    {
      weight: 2,
      arbitrary: fc
        .array(fc.oneof(fc.constant('<item/>'), ...[1, 2, 3].map(() => text.map((word) => element('item', word)))), {
          maxLength: 3,
        })
        .map((items) => element('postureComplianceStatusSet', items.join(''))),
    },
    {
      weight: 1,
      arbitrary: text.map((value) => element('nested', element('deep', value) + element('username', 'nobody'))),
    },
  )

/** A row with the same elements and other texts. */
const alike = (row: string): string =>
  row.replace(/(?<=>)[^<>&]*\S[^<>&]*(?=<)/g, (text) => Array.from(text).reverse().join(''))

const pageOf = (text: fc.Arbitrary<string>, between: fc.Arbitrary<string>) => {
  const row = fc
    .tuple(
      fc.oneof(
        {
          weight: 6,
          arbitrary: fc.uniqueArray(elementOf(text), { maxLength: 9, selector: (one) => one.split(/[>/]/)[0] }),
        },
        { weight: 1, arbitrary: fc.array(elementOf(text), { maxLength: 9 }) },
      ),
      between,
      // Most rows get an id: `readConnectionsPage` leaves a page with a row without an id to the SDK.
      fc.option(fc.nat({ max: 9 }), { freq: 9, nil: undefined }),
    )
    .map(([elements, gap, place]) => {
      const named = elements.some((one) => one.startsWith('<connectionId')) || place === undefined
      const all = named ? elements : elements.toSpliced(place, 0, element('connectionId', `connection-${place}`))
      return element('item', `${gap}${all.join(gap)}${gap}`)
    })
  const rows = fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .tuple(fc.array(row, { maxLength: 4 }), between)
        .map(([all, gap]) => element('connections', gap + all.join(gap))),
    },
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.array(row, { maxLength: 2 }), between)
        .map(([all, gap]) => element('connections', gap + all.flatMap((one) => [one, alike(one), one]).join(gap))),
    },
    { weight: 1, arbitrary: fc.constant('<connections/>') },
  )
  const others = fc.array(
    fc.oneof(
      text.map((value) => element('nextToken', value)),
      fc.constant(element('requestId', 'request-1')),
      fc.constant('<somethingNew><item><connectionId>x</connectionId></item></somethingNew>'),
    ),
    { maxLength: 2 },
  )
  return fc
    .tuple(rows, others, fc.boolean(), between)
    .map(([list, more, first, gap]) => answer((first ? [list, ...more] : [...more, list]).join(gap)))
}

const usualPage = pageOf(usualText, fc.constantFrom('', '', '\n    ', ' '))
const oddPage = pageOf(fc.oneof(usualText, oddText), fc.constantFrom('', '\n', '\r\n', '<!-- - -->', 'text', '\t'))

describe('the fast reader of a page', () => {
  it('agrees with the SDK or leaves the page to it: entities, order, empty, missing, unknown and nested elements', async () => {
    let readFast = 0
    await fc.assert(
      fc.asyncProperty(fc.oneof(usualPage, oddPage), async (xml) => {
        const body = Buffer.from(xml)
        const ours = fast(body)
        if (ours === 'left to the SDK') return
        readFast++
        expect(ours).toEqual(await stock(body))
      }),
      { numRuns: fuzzRuns(1500) },
    )
    // Otherwise the property would hold for a reader that leaves every page to the SDK.
    expect(readFast).toBeGreaterThan(fuzzRuns(200))
  })

  it('reads every character that a reference names, and so does the SDK', async () => {
    const referenceTo = fc.constantFrom<(code: number) => string>(
      (code) => `&#${code};`,
      (code) => `&#x${code.toString(16)};`,
      (code) => `&#x000${code.toString(16).toUpperCase()};`,
    )
    const name = fc
      .array(fc.tuple(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 }), fc.option(referenceTo)), {
        minLength: 1,
      })
      .map((parts) => parts.map(([text, reference]) => ({ text: text.replaceAll(/[<&\s\p{Cc}]/gu, 'é'), reference })))
    await fc.assert(
      fc.asyncProperty(name, fc.boolean(), async (parts, odd) => {
        const plain = `a${parts.map(({ text }) => text).join('')}z`
        const written = parts.map(({ text, reference }) =>
          reference === null ? text : Array.from(text, (one) => reference(one.codePointAt(0) ?? 0)).join(''),
        )
        const user = element('username', `a${written.join('')}z`)
        const row = element('item', element('connectionId', 'connection-1') + user)
        // A line end in a name leaves the page to the SDK.
        const other = odd ? element('item', element('connectionId', 'two') + element('username', 'two\nlines')) : ''
        const body = Buffer.from(answer(element('connections', row + other)))
        const page = odd ? await stock(body) : fast(body)
        expect(page).toMatchObject({ rows: odd ? [{ username: plain }, {}] : [{ username: plain }] })
      }),
    )
  })

  it.each(['&unknown;', '&nbsp;', '&#x110000;', '&#xD800;', '&#0;'])(
    'refuses %s, which is no character',
    async (reference) => {
      const row = element('item', element('connectionId', 'connection-1') + element('username', `al${reference}ice`))
      const body = Buffer.from(answer(element('connections', row)))
      expect([fast(body), await stock(body)]).toEqual(['left to the SDK', 'refused'])
    },
  )

  it('leaves a page with very deeply nested elements to the SDK', () => {
    const deep = '<x>'.repeat(100_000) + '</x>'.repeat(100_000)
    const row = element('item', element('connectionId', 'connection-1') + deep)
    expect(fast(Buffer.from(answer(element('connections', row))))).toBe('left to the SDK')
  })

  it('agrees with the SDK about truncated and damaged pages, or leaves them to it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(usualPage, oddPage),
        fc.nat(),
        fc.nat(),
        fc.oneof(fc.constant(undefined), fc.uint8Array({ maxLength: 4 })),
        async (xml, from, length, inserted) => {
          const whole = Buffer.from(xml)
          const at = from % whole.length
          const gone = inserted === undefined ? whole.length : length % 6
          const body = Buffer.concat([whole.subarray(0, at), inserted ?? new Uint8Array(), whole.subarray(at + gone)])
          const ours = fast(body)
          if (ours !== 'left to the SDK') expect(ours).toEqual(await stock(body))
        },
      ),
      { numRuns: fuzzRuns(1500) },
    )
  })

  it('reads a page as EC2 writes it', () => {
    const row = (id: string) =>
      element(
        'item',
        [
          element('clientVpnEndpointId', PLACE.endpointId),
          element('connectionId', id),
          element('username', 'o&apos;brien'),
          element('connectionEstablishedTime', '2026-11-23 08:00:00'),
          element('ingressBytes', '1'),
          element('status', element('code', 'active')),
        ].join('\n      '),
      )
    const page = readConnectionsPage(Buffer.from(answer(element('connections', row('one') + row('two')))), PLACE)
    expect(page?.rows.map(({ id, username, status }) => [id, username, status])).toEqual([
      ['one', "o'brien", 'active'],
      ['two', "o'brien", 'active'],
    ])
  })

  it.each([
    ['posture statuses', '<postureComplianceStatusSet><item>p#</item><item>q#</item></postureComplianceStatusSet>'],
    ['an empty posture status', '<postureComplianceStatusSet><item/><item>q#</item></postureComplianceStatusSet>'],
    ['no posture statuses', '<postureComplianceStatusSet/><username>user#</username><commonName>cn#</commonName>'],
    ['empty elements', '<username/><status/><ingressBytes/><connectionEndTime/><commonName>cn#</commonName>'],
    [
      'a status with a message',
      '<status><code>status#</code><message>m#</message></status><egressBytes>#</egressBytes>',
    ],
    ['nested elements', '<new><deep>#</deep></new><connectionEndTime>2026-11-2# 08:00:00</connectionEndTime>'],
    ['elements in lines', '\n  <clientIp>10.0.0.#</clientIp>\n  <username>user#</username>\n'],
  ])('reads rows that are alike as it reads each alone: %s', (_what, inside) => {
    const rowOf = (at: number) =>
      element('item', `${element('connectionId', `id-${at}`)}${inside.replaceAll('#', `${at}`)}`)
    const read = (rows: string) =>
      readConnectionsPage(Buffer.from(answer(element('connections', rows))), PLACE)?.rows ?? []
    const rows = [1, 2, 33, 4].map(rowOf)
    expect(read(rows.join(''))).toEqual(rows.flatMap(read))
    expect(read(rows.join(''))).toHaveLength(rows.length)
  })

  it.each([
    ['an empty body', ''],
    ['a login page', '<html><body>Sign in</body></html>'],
    ['an error', '<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>'],
    ['a page with another root', '<Other><connections/></Other>'],
    ['a page without a list', answer('<requestId>1</requestId>')],
    ['a page that an element follows', `${answer('<connections/>')}<more/>`],
    ['JSON', '{"connections": []}'],
  ])('does not read %s', (_name, text) => {
    expect(readConnectionsPage(Buffer.from(text), PLACE)).toBeUndefined()
  })
})
