import { describe, expect, it } from 'vitest'
import { HOUR } from '../../src/domain/time/instant.ts'
import { post, STAFF, START, simulateAws, staff } from './simulated-aws.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/

describe('the wire format', () => {
  it('of an answer is XML on one line, named after its action', async () => {
    const aws = await simulateAws([staff()])
    const answer = await post(aws.url, { Action: 'DescribeClientVpnConnections', ClientVpnEndpointId: STAFF })
    const requestId = answer.headers.get('x-amzn-requestid') ?? ''
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('text/xml;charset=UTF-8')
    expect(requestId).toMatch(UUID)
    expect(await answer.text()).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>' +
        '<DescribeClientVpnConnectionsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">' +
        `<requestId>${requestId}</requestId><connections></connections></DescribeClientVpnConnectionsResponse>`,
    )
  })

  it('of an error has its own root, and RequestID with a capital D', async () => {
    const aws = await simulateAws([staff()])
    const answer = await post(aws.url, {
      Action: 'DescribeClientVpnConnections',
      ClientVpnEndpointId: 'cvpn-endpoint-<&">',
    })
    const requestId = answer.headers.get('x-amzn-requestid')
    expect(await answer.text()).toBe(
      '<?xml version="1.0" encoding="UTF-8"?><Response><Errors><Error><Code>InvalidClientVpnEndpointId.NotFound</Code>' +
        '<Message>Endpoint cvpn-endpoint-&lt;&amp;&quot;&gt; does not exist</Message></Error></Errors>' +
        `<RequestID>${requestId}</RequestID></Response>`,
    )
  })

  it('of a termination lists each connection with both statuses', async () => {
    const username = 'a&b <"c">@corp.example'
    const aws = await simulateAws([staff({ connections: [{ username }] })])
    const [row] = aws.world.connections(STAFF)
    const answer = await post(aws.url, {
      Action: 'TerminateClientVpnConnections',
      ClientVpnEndpointId: STAFF,
      Username: username,
    })
    expect(await answer.text()).toContain(
      `<clientVpnEndpointId>${STAFF}</clientVpnEndpointId><username>a&amp;b &lt;&quot;c&quot;&gt;@corp.example</username>` +
        `<connectionStatuses><item><connectionId>${row?.connectionId}</connectionId>` +
        '<previousStatus><code>active</code></previousStatus><currentStatus><code>terminating</code></currentStatus></item></connectionStatuses>',
    )
  })

  it('escapes names everywhere and indents nothing', async () => {
    const username = '<o\'neil & "sons">'
    const aws = await simulateAws([
      staff({ name: 'a<b', tags: { 'k&': '"v"' }, connections: [{ username, posture: ['<ok>'] }] }),
    ])
    const connections = await post(aws.url, { Action: 'DescribeClientVpnConnections', ClientVpnEndpointId: STAFF })
    const xml = await connections.text()
    expect(xml).toContain("<username>&lt;o'neil &amp; &quot;sons&quot;&gt;</username>")
    expect(xml).toContain("<commonName>&lt;o'neil &amp; &quot;sons&quot;&gt;</commonName>")
    expect(xml).toContain('<postureComplianceStatusSet><item>&lt;ok&gt;</item></postureComplianceStatusSet>')
    expect(xml).toContain('<connections><item><clientVpnEndpointId>')
    expect(xml).not.toMatch(/>\s+</)
    const endpoints = await post(aws.url, { Action: 'DescribeClientVpnEndpoints' })
    expect(await endpoints.text()).toContain(
      '<tagSet><item><key>Name</key><value>a&lt;b</value></item><item><key>k&amp;</key><value>&quot;v&quot;</value></item></tagSet>',
    )
  })

  it('decodes a plus sign and escapes of a form', async () => {
    const aws = await simulateAws([staff({ connections: [{ username: 'a b' }, { username: 'a+b' }] })])
    for (const [value, username] of [
      ['a+b', 'a b'],
      ['a%2Bb', 'a+b'],
    ]) {
      const answer = await fetch(aws.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
          authorization: `AWS4-HMAC-SHA256 Credential=test/20261123/eu-central-1/ec2/aws4_request,SignedHeaders=host,Signature=${'a'.repeat(64)}`,
        },
        body: `Action=DescribeClientVpnConnections&ClientVpnEndpointId=${STAFF}&Filter.1.Name=username&Filter.1.Value.1=${value}`,
      })
      const xml = await answer.text()
      expect(xml.match(/<username>[^<]*/g)).toEqual([`<username>${username}`])
    }
  })

  it('has the injected clock in the Date header', async () => {
    const aws = await simulateAws([staff()])
    aws.clock.now = START + HOUR
    const answer = await post(aws.url, { Action: 'DescribeClientVpnEndpoints' })
    expect(answer.headers.get('date')).toBe('Mon, 23 Nov 2026 09:00:00 GMT')
    const refused = await post(aws.url, { Action: 'Nonsense' })
    expect(refused.headers.get('date')).toBe('Mon, 23 Nov 2026 09:00:00 GMT')
  })

  it('of a refused, too large request is an error in XML', async () => {
    const aws = await simulateAws([staff()])
    const answer = await post(aws.url, { Action: 'DescribeClientVpnEndpoints', Colour: 'r'.repeat(2_000_000) })
    expect(answer.status).toBe(413)
    expect(await answer.text()).toMatch(/^<\?xml .*<Response><Errors>/)
  })
})

describe('an interceptor', () => {
  it('answers, resets the connection, does not answer, or passes the request on', async () => {
    const queue = [
      { status: 502, body: '<html>bad gateway</html>', headers: { 'content-type': 'text/html' } },
      'reset',
      'hang',
      undefined,
    ] as const
    let turn = 0
    const aws = await simulateAws([staff()], { intercept: async () => queue[turn++] })
    const call = (signal?: AbortSignal) =>
      fetch(aws.url, {
        method: 'POST',
        body: 'Action=DescribeClientVpnEndpoints',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        ...(signal && { signal }),
      })

    const answer = await call()
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
      502,
      'text/html',
      '<html>bad gateway</html>',
    ])
    await expect(call()).rejects.toThrow()

    const giveUp = new AbortController()
    const hung = call(giveUp.signal)
    await new Promise<void>((resolve) => aws.onRequest(() => resolve()))
    giveUp.abort()
    await expect(hung).rejects.toThrow()

    expect((await call()).status).toBe(403)
    expect(aws.requests.map((request) => request.status)).toEqual([502, undefined, undefined, 403])
  })

  it('sees the request, and a request that hangs does not keep the simulator from closing', async () => {
    const seen: unknown[] = []
    const aws = await simulateAws([staff()], {
      intercept: (request) => {
        seen.push(request)
        return 'hang'
      },
    })
    const hung = post(aws.url, { Action: 'DescribeClientVpnConnections', ClientVpnEndpointId: STAFF })
    await Promise.all([
      expect(hung).rejects.toThrow(),
      new Promise<void>((resolve) => aws.onRequest(() => resolve())).then(() => aws.close()),
    ])
    expect(seen).toMatchObject([
      {
        at: START,
        region: 'eu-central-1',
        action: 'DescribeClientVpnConnections',
        params: { ClientVpnEndpointId: STAFF },
      },
    ])
  })
})

describe('the record of requests', () => {
  it('has every answer with its code, and calls listeners until they are removed', async () => {
    const aws = await simulateAws([staff()])
    const heard: string[] = []
    const removeListener = aws.onRequest((request) => heard.push(request.action))
    await post(aws.url, { Action: 'DescribeClientVpnEndpoints' })
    await post(aws.url, { Action: 'Nonsense' })
    removeListener()
    await post(aws.url, { Action: 'DescribeClientVpnEndpoints' })
    expect(heard).toEqual(['DescribeClientVpnEndpoints', 'Nonsense'])
    expect(aws.requests.map(({ at, action, status, code }) => ({ at, action, status, code }))).toEqual([
      { at: START, action: 'DescribeClientVpnEndpoints', status: 200, code: undefined },
      { at: START, action: 'Nonsense', status: 400, code: 'InvalidAction' },
      { at: START, action: 'DescribeClientVpnEndpoints', status: 200, code: undefined },
    ])
  })
})
