import { once } from 'node:events'
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect, type PeerCertificate, type TLSSocket } from 'node:tls'
import { afterAll, describe, expect, it } from 'vitest'
import { type Certificate, certificate } from './certificates.ts'
import { type Serving, serve, temporaryFolder } from './serving.ts'

const folder = temporaryFolder()
afterAll(() => folder[Symbol.dispose]())
const ca = certificate(folder.path, 'ca')
const first = certificate(folder.path, 'first', ca)
const second = certificate(folder.path, 'second', ca)
const scraper = certificate(folder.path, 'scraper', ca)
const otherCa = certificate(folder.path, 'other-ca')
const stranger = certificate(folder.path, 'stranger', otherCa)

const trust = { ca: ca.cert }
const tlsOf = ({ certFile, keyFile }: Certificate, clientCaFile?: string) => ({ certFile, keyFile, clientCaFile })

/** Certificate files whose content `put` replaces. */
const renewable = (name: string, from: Certificate) => {
  const [certFile, keyFile] = [join(folder.path, `${name}.crt`), join(folder.path, `${name}.key`)]
  const put = ({ certFile: cert, keyFile: key }: Certificate) => {
    copyFileSync(cert, certFile)
    copyFileSync(key, keyFile)
  }
  put(from)
  return { certFile, keyFile, clientCaFile: undefined, put }
}

/** The common name of the certificate that the server presents. */
const certificateNameOf = async ({ port }: Serving) => {
  const socket: TLSSocket = connect({ port, host: '127.0.0.1', ...trust })
  await once(socket, 'secureConnect')
  const { subject }: PeerCertificate = socket.getPeerCertificate()
  socket.destroy()
  return subject.CN
}

describe('a server with a certificate', () => {
  it('serves every page over HTTPS, and none over HTTP', async () => {
    await using server = await serve({ tls: tlsOf(first) })
    expect(server.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
    expect((await server.ask('/metrics', trust)).body).toContain('curfew_enforcing 1')
    expect((await server.ask('/healthz', trust)).status).toBe(200)
    await expect(server.ask('/metrics', { ca: otherCa.cert })).rejects.toMatchObject({
      code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    })
    await expect(fetch(server.url.replace('https', 'http'))).rejects.toThrow()
  })

  it('does not ask clients for a certificate', async () => {
    await using server = await serve({ tls: tlsOf(first) })
    expect((await server.ask('/metrics', { ...trust, cert: stranger.cert, key: stranger.key })).status).toBe(200)
  })
})

describe('a server with a CA for clients', () => {
  it('admits only clients with a certificate of this CA, on every page', async () => {
    await using server = await serve({ tls: tlsOf(first, ca.certFile) })
    const with_ = ({ cert, key }: Certificate) => ({ ...trust, cert, key })
    expect((await server.ask('/metrics', with_(scraper))).status).toBe(200)
    for (const path of ['/metrics', '/healthz']) {
      await expect(server.ask(path, trust)).rejects.toThrow()
      await expect(server.ask(path, with_(stranger))).rejects.toThrow()
    }
  })

  it('uses another CA within a minute after its file changes', async () => {
    const clientCaFile = join(folder.path, 'clients.crt')
    copyFileSync(ca.certFile, clientCaFile)
    await using server = await serve({ tls: tlsOf(first, clientCaFile) })
    copyFileSync(otherCa.certFile, clientCaFile)
    await server.minute()
    await expect(server.ask('/metrics', { ...trust, cert: scraper.cert, key: scraper.key })).rejects.toThrow()
    expect((await server.ask('/metrics', { ...trust, cert: stranger.cert, key: stranger.key })).status).toBe(200)
  })
})

describe('a renewed certificate', () => {
  it('is used within a minute, and logged once', async () => {
    const { put, ...tls } = renewable('renewed', first)
    await using server = await serve({ tls })
    for (const [next, name] of [
      [first, 'first'],
      [second, 'second'],
      [second, 'second'],
      [first, 'first'],
    ] as const) {
      put(next)
      await server.minute()
      expect(await certificateNameOf(server)).toBe(name)
    }
    expect(server.lines.map(({ event }) => event)).toEqual(['credentials-renewed', 'credentials-renewed'])
  })

  it('is logged once if it is broken, and the previous one stays in use until it is fixed', async () => {
    const { put, ...tls } = renewable('broken', first)
    await using server = await serve({ tls })
    const shown: unknown[] = []
    for (const change of [
      () => copyFileSync(second.certFile, tls.certFile),
      () => {},
      () => writeFileSync(tls.certFile, 'half a certifi'),
      () => {},
      () => put(first),
      () => writeFileSync(tls.certFile, 'half a certifi'),
      () => put(second),
    ]) {
      change()
      await server.minute()
      shown.push(await certificateNameOf(server))
    }
    expect(shown).toEqual(['first', 'first', 'first', 'first', 'first', 'first', 'second'])
    const [mismatch, half, again, renewed, ...rest] = server.lines
    expect(mismatch).toMatchObject({ level: 50, event: 'credentials-refused', code: 'invalid' })
    expect(mismatch?.msg).toContain(tls.keyFile)
    expect(half?.msg).toContain(tls.certFile)
    expect(again?.msg).toBe(half?.msg)
    expect([renewed?.event, rest]).toEqual(['credentials-renewed', []])
  })
})

describe('a certificate that clients refuse soon', () => {
  it('is logged once at the start, and not after its renewal', async () => {
    const { put, ...tls } = renewable('aging', certificate(folder.path, 'aging-old', undefined, undefined, 13))
    await using server = await serve({ tls })
    await server.minute()
    put(certificate(folder.path, 'aging-new'))
    await server.minute()
    put(certificate(folder.path, 'aging-next', undefined, undefined, 13))
    await server.minute()
    expect(server.lines.map(({ event }) => event)).toEqual([
      'certificate-aging',
      'credentials-renewed',
      'certificate-aging',
      'credentials-renewed',
    ])
    expect(server.lines[0]).toMatchObject({ level: 40, state: 'ends-soon' })
    expect(server.lines[0]?.msg).toContain(tls.certFile)
  })
})

describe('credential files that cannot be used', () => {
  const file = (name: string, content: string | Buffer) => {
    const path = join(folder.path, name)
    writeFileSync(path, content)
    return path
  }
  const nothing = join(folder.path, 'nothing')
  const text = file('text.pem', 'a secret that is no certificate\n')
  const truncated = file('truncated.pem', first.cert.subarray(0, 200))

  it.each([
    ['a missing certificate', { ...tlsOf(first), certFile: nothing }, 'unreadable', nothing],
    ['a missing key', { ...tlsOf(first), keyFile: nothing }, 'unreadable', nothing],
    ['a missing CA', tlsOf(first, nothing), 'unreadable', nothing],
    ['a folder', { ...tlsOf(first), keyFile: folder.path }, 'unreadable', folder.path],
    ['a text in place of the certificate', { ...tlsOf(first), certFile: text }, 'invalid', text],
    ['half a certificate', { ...tlsOf(first), certFile: truncated }, 'invalid', truncated],
    ['a text in place of the key', { ...tlsOf(first), keyFile: text }, 'invalid', text],
    ['a certificate in place of the key', { ...tlsOf(first), keyFile: first.certFile }, 'invalid', first.certFile],
    ['the key of another certificate', { ...tlsOf(first), keyFile: second.keyFile }, 'invalid', second.keyFile],
    ['a text in place of the CA', tlsOf(first, text), 'invalid', text],
  ])('prevent the start, with one line that names the file: %s', async (_, tls, code, named) => {
    const error = await serve({ tls }).then(
      () => undefined,
      (refused: Error) => refused,
    )
    expect(error).toMatchObject({ name: 'CredentialsError', code })
    expect(error?.message).toContain(named)
    expect(error?.message).not.toMatch(/\n|secret/)
  })
})
