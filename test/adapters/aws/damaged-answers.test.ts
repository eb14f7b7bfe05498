import { Readable } from 'node:stream'
import { DescribeClientVpnConnectionsCommand, DescribeClientVpnEndpointsCommand, EC2Client } from '@aws-sdk/client-ec2'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { connectionOf, unreadIn } from '../../../src/adapters/aws/connection-row.ts'
import { endpointOf } from '../../../src/adapters/aws/endpoint-row.ts'
import { createExchange } from '../../../src/adapters/aws/exchange.ts'
import { createLists } from '../../../src/adapters/aws/lists.ts'
import { ReadingProtocol } from '../../../src/adapters/aws/reading-protocol.ts'
import { VpnError } from '../../../src/app/vpn.ts'
import { fuzzRuns } from '../../fuzz-runs.ts'
import { turnedBits } from '../../turned-bits.ts'
import { systemClock } from './system-clock.ts'

const PLACE = { endpointId: 'cvpn-endpoint-0123456789abcdef0', region: 'eu-central-1' }

/** A client that gets the body that was set last for every call, in the given chunks. */
const answeringClient = (protocol?: typeof ReadingProtocol) => {
  let chunks: readonly Buffer[] = []
  const client = new EC2Client({
    region: PLACE.region,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
    ...(protocol && { protocol }),
    requestHandler: {
      handle: () => Promise.resolve({ response: { statusCode: 200, headers: {}, body: Readable.from(chunks) } }),
    } as never,
  })
  return {
    client,
    set: (next: readonly Buffer[]) => {
      chunks = next
    },
  }
}

const ours = answeringClient(ReadingProtocol)
const stock = answeringClient()
const exchange = createExchange({ region: PLACE.region, limitMs: 60_000, clock: systemClock, onRequest: undefined })
const lists = createLists(ours.client, exchange, PLACE.region)
const { signal } = new AbortController()

/** Readers of each list: `ask` is Curfew's, `askSdk` uses the SDK alone. */
const READERS = {
  connections: {
    ask: () => lists.connections(PLACE.endpointId, undefined, signal),
    askSdk: async () => {
      const command = new DescribeClientVpnConnectionsCommand({ ClientVpnEndpointId: PLACE.endpointId })
      const { Connections, NextToken } = await stock.client.send(command)
      const rows = Connections?.map((row) => connectionOf(row, PLACE))
      return { rows, nextToken: NextToken || undefined, unread: unreadIn(Connections ?? []) }
    },
  },
  endpoints: {
    ask: () => lists.endpoints(undefined, signal),
    askSdk: async () => {
      const { ClientVpnEndpoints, NextToken } = await stock.client.send(new DescribeClientVpnEndpointsCommand({}))
      return { rows: ClientVpnEndpoints?.map(endpointOf), nextToken: NextToken || undefined }
    },
  },
}

const element = (name: string, ...content: readonly string[]) => `<${name}>${content.join('')}</${name}>`

const connectionRow = (id: string) =>
  element(
    'item',
    element('clientVpnEndpointId', PLACE.endpointId),
    element('timestamp', '2026-11-23 09:00:00'),
    element('connectionId', id),
    element('username', 'r&amp;d-日本'),
    element('connectionEstablishedTime', '2026-11-23 08:00:00'),
    element('ingressBytes', '12'),
    element('egressBytes', '13'),
    element('status', element('code', 'active')),
    element('commonName', 'alice'),
    element('postureComplianceStatusSet', element('item', 'compliant'), '\n', element('item', 'checked')),
  )

const endpointRow = (id: string) =>
  element(
    'item',
    element('clientVpnEndpointId', id),
    element('status', element('code', 'available')),
    element('tagSet', element('item', element('key', 'vpn-policy'), element('value', 'enforced'))),
  )

const answer = (root: string, ...content: readonly string[]) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">\n  ${content.join('\n  ')}\n</${root}>\n`

const listOf = (name: string, rows: readonly string[]) => element(name, '\n    ', rows.join('\n    '), '\n  ')

/** Valid pages. Each row has the element `idName` exactly once. */
const PAGES = [
  {
    of: 'connections',
    idName: 'connectionId',
    text: answer(
      'DescribeClientVpnConnectionsResponse',
      element('requestId', 'request-1'),
      listOf('connections', ['one', 'two', 'three'].map(connectionRow)),
      element('nextToken', 'token-1'),
    ),
  },
  {
    of: 'endpoints',
    idName: 'clientVpnEndpointId',
    text: answer(
      'DescribeClientVpnEndpointsResponse',
      listOf('clientVpnEndpoint', ['one', 'two'].map(endpointRow)),
      element('requestId', 'request-1'),
    ),
  },
] as const

type Page = (typeof PAGES)[number]

/** The number of rows that Curfew reads from a body. Undefined if it refuses the body as malformed. */
const rowsRead = async ({ of, idName }: Page, body: Buffer, chunks: readonly Buffer[] = [body]) => {
  ours.set(chunks)
  stock.set([body])
  const { ask, askSdk } = READERS[of]
  try {
    const page = await ask()
    expect(page).toEqual(await askSdk())
    // No row was lost. The text is counted, because the SDK itself may lose rows.
    expect(page.rows.length).toBe(body.toString('latin1').split(`<${idName}`).length - 1)
    return page.rows.length
  } catch (error) {
    if (!(error instanceof VpnError)) throw error
    expect(error.code).toBe('malformed')
    expect(error.message).not.toMatch(/\n/)
    return undefined
  }
}

const spliced = (body: Buffer, at: number, drop: number, insert: Uint8Array) =>
  Buffer.concat([body.subarray(0, at), insert, body.subarray(at + drop)])

/** Insertions that break XML and its readers. */
const HOSTILE_TEXTS = [
  ' ',
  '\t',
  '\r',
  '\n',
  '\0',
  '<',
  '>',
  '&',
  '&#10;',
  '&#0;',
  '&amp;',
  '&lol;',
  'x',
  '\u00a0',
  '\ufeff',
  '\u2028',
  '<!-- -->',
  '<![CDATA[x]]>',
  '<?pi?>',
  '<!DOCTYPE a [<!ENTITY lol "lol">]>',
  '<item/>',
  '<item>',
  '</item>',
  '<connections/>',
  '<clientVpnEndpoint/>',
  '<connections>',
  '</connections>',
  '<nextToken>other</nextToken>',
  '<x a="1>">',
  '<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>',
  '<html>',
  '{}',
]

/** Matches elements of a page, from `<name` to the next end tag of that name. */
const ELEMENT = /<(\w+)[^<>]*>(?:(?!<\1[ >])[^])*?<\/\1>/g
const elementsOf = (text: string) => [...text.matchAll(ELEMENT)].map(([found]) => found)
const namesIn = (text: string) => [...new Set([...text.matchAll(/<(\w+)/g)].map(([, name = '']) => name))]

type Edit = (text: string) => string
const pick = <Item>(from: readonly Item[], share: number): Item | undefined => from[Math.floor(share * from.length)]
const share = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })

const structureEdit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(share, fc.constantFrom('', 'twice', 'empty', 'renamed')).map(
    ([at, how]): Edit =>
      (text) => {
        const found = pick(elementsOf(text), at) ?? ''
        const [, name = ''] = /^<(\w+)/.exec(found) ?? []
        const instead = {
          '': '',
          twice: found + found,
          empty: `<${name}/>`,
          renamed: found.replaceAll(`${name}>`, 'odd>'),
        }[how]
        return text.replace(found, () => instead)
      },
  ),
  fc.tuple(share, share).map(
    ([one, other]): Edit =>
      (text) => {
        const [from = '', to = ''] = [pick(namesIn(text), one), pick(namesIn(text), other)]
        const swap = (name: string) => (name === from ? to : name === to ? from : name)
        return text.replace(/(<\/?)(\w+)/g, (_all, start: string, name: string) => start + swap(name))
      },
  ),
  fc.tuple(share, fc.constantFrom(...HOSTILE_TEXTS), fc.nat(2)).map(
    ([at, insert, drop]): Edit =>
      (text) => {
        const place = Math.floor(at * text.length)
        return text.slice(0, place) + insert + text.slice(place + drop)
      },
  ),
  // Between two tags, where the SDK's reader loses rows.
  fc.tuple(share, fc.constantFrom(...HOSTILE_TEXTS)).map(
    ([at, insert]): Edit =>
      (text) => {
        const place =
          pick(
            [...text.matchAll(/>(?=\s*<)/g)].map(({ index }) => index + 1),
            at,
          ) ?? 0
        return text.slice(0, place) + insert + text.slice(place)
      },
  ),
)

const page = fc.constantFrom(...PAGES)

describe('an answer of AWS', () => {
  it('is accepted if it is whole, in any chunks', async () => {
    await fc.assert(
      fc.asyncProperty(page, fc.array(share, { maxLength: 9 }), async (of, shares) => {
        const body = Buffer.from(of.text)
        const ends = [...shares.map((at) => Math.floor(at * body.length)).sort((a, b) => a - b), body.length]
        const chunks = ends.map((end, index) => body.subarray(ends[index - 1] ?? 0, end))
        expect(await rowsRead(of, body, chunks)).toBe(of.of === 'connections' ? 3 : 2)
      }),
      { numRuns: fuzzRuns(50) },
    )
  })

  it('is refused wherever it was truncated', async () => {
    for (const of of PAGES) {
      const body = Buffer.from(of.text.trimEnd())
      for (let length = 0; length < body.length; length++) {
        expect([length, await rowsRead(of, body.subarray(0, length))]).toEqual([length, undefined])
      }
    }
  })

  it('is refused, or has all its rows and agrees with the SDK, whichever bit was flipped', async () => {
    let seen = 0
    for (const of of PAGES) {
      const rows = of.of === 'connections' ? 3 : 2
      for (const { place, turned } of turnedBits(Buffer.from(of.text), 8)) {
        const found = await rowsRead(of, turned)
        if (found === undefined) continue
        expect([place, found]).toEqual([place, rows])
        seen++
      }
    }
    // Some flipped bits only change a letter of a name: these pages are accepted.
    expect(seen).toBeGreaterThan(0)
  })

  it('is refused, or loses no row, if bytes were removed, replaced or added', async () => {
    const edit = fc.tuple(share, fc.nat(6), fc.uint8Array({ maxLength: 4 }))
    await fc.assert(
      fc.asyncProperty(page, fc.array(edit, { minLength: 1, maxLength: 3 }), async (of, edits) => {
        const body = edits.reduce<Buffer>(
          (left, [at, drop, insert]) => spliced(left, Math.floor(at * left.length), drop, insert),
          Buffer.from(of.text),
        )
        await rowsRead(of, body)
      }),
      { numRuns: fuzzRuns(400) },
    )
  })

  it('is refused, or loses no row, if elements were removed, repeated, renamed, swapped or added', async () => {
    let seen = 0
    await fc.assert(
      fc.asyncProperty(page, fc.array(structureEdit, { minLength: 1, maxLength: 3 }), async (of, edits) => {
        const text = edits.reduce((left, change) => change(left), of.text)
        if ((await rowsRead(of, Buffer.from(text))) !== undefined) seen++
      }),
      { numRuns: fuzzRuns(800) },
    )
    expect(seen).toBeGreaterThan(0)
  })
})
