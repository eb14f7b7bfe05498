import { type PersonStyle, personMessage } from '../../app/person-message.ts'
import { printable } from '../../domain/printable.ts'
import { MINUTE, SECOND } from '../../domain/time/instant.ts'
import type { Outgoing } from '../proxy/outgoing.ts'
import type { Letter } from './person-outbox.ts'
import type { Receipt } from './retry.ts'
import type { MailServer } from './target.ts'

/** For the connection, the greeting and each answer of the server. `delivery.ts` limits the whole. */
const TIMEOUT_MS = 10 * SECOND

/** In characters. A reason can be long. */
const LONGEST_VALUE = 300

/** Plain text has no markup. One line stays one line, so that no value becomes a header or a paragraph of its own. */
const PLAIN: PersonStyle = {
  value(text) {
    const line = text.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim()
    return line.length > LONGEST_VALUE ? `${line.slice(0, LONGEST_VALUE)}…` : line
  },
  link: (url) => url,
}

/** Sends mail over one kept-alive connection to a mail server. */
export const createMail = (
  { smarthost, from, username, password, requireTls, ca }: MailServer,
  outgoing: Pick<Outgoing, 'secureContext'>,
) => {
  const { secureContext } = outgoing
  const domain = from.replace(/>$/, '').split('@').at(-1)
  const open = async () => {
    // Loaded only where mail is sent.
    const { createTransport } = await import('nodemailer')
    return createTransport({
      pool: true,
      maxConnections: 1,
      // `delivery.ts` sends again, and counts it.
      maxRequeues: 0,
      host: smarthost.host,
      port: smarthost.port,
      secure: smarthost.port === IMPLICIT_TLS,
      requireTLS: requireTls,
      ...(username === undefined || password === undefined ? {} : { auth: { user: username, pass: password } }),
      tls: ca === undefined ? { secureContext } : { ca },
      connectionTimeout: TIMEOUT_MS,
      greetingTimeout: TIMEOUT_MS,
      socketTimeout: TIMEOUT_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
    })
  }
  let opening: ReturnType<typeof open> | undefined
  const close = () => {
    void opening?.then((transport) => transport.close())
    opening = undefined
  }
  const submit = async ({ id, address, news, more, now }: Letter): Promise<Receipt> => {
    try {
      opening ??= open()
      const transport = await opening
      await transport.sendMail({
        from,
        to: { name: '', address },
        ...personMessage(news, more, now, PLAIN),
        messageId: `<${id}@${domain}>`,
        // No answer of an absent person, and no loop of two machines (RFC 3834).
        headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
      })
      return { result: 'delivered', code: 'SMTP 250' }
    } catch (error) {
      return receiptOfFailure(error as SmtpFailure)
    }
  }

  return {
    send: (letter: Letter, signal: AbortSignal): Promise<Receipt> =>
      new Promise((resolve) => {
        const giveUp = () => {
          // The library ends a message only together with its connection.
          close()
          resolve({ result: 'retry', code: 'timeout' })
        }
        signal.addEventListener('abort', giveUp, { once: true })
        void submit(letter).then((receipt) => {
          signal.removeEventListener('abort', giveUp)
          resolve(receipt)
        })
      }),
    close,
  }
}

/** On this port a server speaks TLS from the first byte (RFC 8314). */
const IMPLICIT_TLS = 465

/** The errors of nodemailer. */
interface SmtpFailure {
  readonly code?: string
  /** The code of the system. */
  readonly originalCode?: string
  readonly command?: string
  readonly response?: string
  readonly responseCode?: number
}

/** Mail servers lock accounts after some wrong passwords. */
const LOGIN_PAUSE_MS = 5 * MINUTE

const ADVICE = {
  login: 'The mail server refused the login: correct "username" and "password" in the entry of "notify"',
  sender: 'The mail server refused the sender: correct "from" in the entry of "notify", or allow it there',
  tls: 'TLS with the mail server failed: correct "smarthost", or name the authority of its certificate with "caFile"',
  recipient: 'The mail server refused the recipient: correct the address in the file of "people"',
} as const

/** A refused recipient or message concerns nobody else. Any other failure may be over soon, for all messages. */
const receiptOfFailure = (failure: SmtpFailure): Receipt => {
  const { code = 'unknown', originalCode = code, command = '', responseCode = 0 } = failure
  const isPermanent = responseCode >= 500
  if (code === 'EAUTH') {
    return { result: 'retry', code: answerOf(failure), retryAfterMs: LOGIN_PAUSE_MS, advice: ADVICE.login }
  }
  if (code === 'ETLS' || TLS_CODE.test(originalCode)) {
    return { result: 'retry', code: originalCode, advice: ADVICE.tls }
  }
  if (command === 'MAIL FROM') return { result: 'retry', code: answerOf(failure), advice: ADVICE.sender }
  if (command === 'RCPT TO') {
    return { result: isPermanent ? 'lost' : 'later', code: answerOf(failure), advice: ADVICE.recipient }
  }
  if (code === 'EENVELOPE' || code === 'EMESSAGE') {
    return { result: isPermanent || responseCode === 0 ? 'lost' : 'retry', code: answerOf(failure) }
  }
  return { result: 'retry', code: answerOf(failure) }
}

/** How Node names failed checks of a certificate. */
const TLS_CODE = /CERT|SELF_SIGNED|^ERR_(?:TLS|SSL)/

/** `SMTP 550 5.1.1`: without the text of the answer, which may repeat the address. Without an answer, the error's code. */
const answerOf = ({ code = 'unknown', originalCode = code, response = '', responseCode }: SmtpFailure): string => {
  if (responseCode === undefined || responseCode === 0) return originalCode
  const [, status] = /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/.exec(response) ?? []
  return printable(['SMTP', responseCode, status].filter((part) => part !== undefined).join(' '))
}
