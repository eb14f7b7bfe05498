import type { FastifyReply } from 'fastify'
import { sourceOf } from '../html/content-policy.ts'
import type { Html } from '../html/html.ts'
import { STYLE } from '../html/style.ts'

/** Nothing is loaded and no script runs, whatever a page contains. Forms lead to this server only. */
const HEADERS = {
  'content-security-policy': `default-src 'none'; style-src ${sourceOf(STYLE)}; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  // An address of a page may be a secret, such as a signed link.
  'referrer-policy': 'no-referrer',
}

/** Sends a page with its headers. */
export const sendPage = (reply: FastifyReply, page: Html): FastifyReply =>
  reply.headers(HEADERS).type('text/html; charset=utf-8').send(page.text)
