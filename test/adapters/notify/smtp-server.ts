import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Certificate } from '../http/certificates.ts'

const SCRIPT = fileURLToPath(new URL('./smtp-server.py', import.meta.url))

/** A message as Python's email package reads it. */
export interface ReceivedMail {
  readonly tls: boolean
  readonly authenticated: boolean
  readonly sender: string
  readonly recipients: readonly string[]
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly contentType: string
  readonly text: string
  readonly defects: readonly string[]
}

type Line = { readonly event: string } & Readonly<Record<string, unknown>>

/** A real mail server, aiosmtpd, on loopback. See the script for the addresses that it refuses. */
export const startSmtpServer = async (
  options: {
    readonly certificate?: Certificate
    readonly implicitTls?: boolean
    readonly login?: string
    readonly silent?: boolean
    readonly port?: number
  } = {},
) => {
  const { certificate, implicitTls, login, silent, port = 0 } = options
  const args = [
    ...(certificate === undefined ? [] : ['--cert', certificate.certFile, '--key', certificate.keyFile]),
    ...(implicitTls === true ? ['--implicit-tls'] : []),
    ...(login === undefined ? [] : ['--login', login]),
    ...(silent === true ? ['--silent'] : []),
    '--port',
    String(port),
  ]
  // On standard error it comments on broken handshakes, which some tests cause.
  const child = spawn('/usr/bin/python3', [SCRIPT, ...args], { stdio: ['pipe', 'pipe', 'ignore'] })
  const exited = once(child, 'close')
  const lines: Line[] = []
  const added = new EventEmitter()
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(JSON.parse(line) as Line)
    added.emit('line')
  })
  const of = (event: string) => lines.filter((line) => line.event === event)
  const until = async (event: string, count: number) => {
    let ended = false
    void exited.then(() => (ended = true))
    while (of(event).length < count) {
      if (ended) throw new Error('the mail server has ended')
      await Promise.race([once(added, 'line'), exited])
    }
    return of(event)
  }
  const [listening] = await until('listening', 1)
  return {
    port: Number(listening?.port),
    of,
    until,
    mails: () => of('message') as unknown as readonly ReceivedMail[],
    async untilMails(count: number) {
      return (await until('message', count)) as unknown as readonly ReceivedMail[]
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end()
      child.kill()
      await exited
    },
  }
}
