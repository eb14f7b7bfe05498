import { createHash } from 'node:crypto'
import type { FastifyReply } from 'fastify'
import { type Content, Html, html } from './html.ts'
import { STYLE } from './style.ts'

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')

/** Nothing is loaded and no script runs, whatever a page contains. Forms lead to this server only. */
const HEADERS = {
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  // An address of a page may be a secret, such as a signed link.
  'referrer-policy': 'no-referrer',
}

/** Without an icon of its own, a browser asks for `/favicon.ico`. */
const ICON = encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M13 10.5A6 6 0 0 1 5.5 3a6 6 0 1 0 7.5 7.5z" fill="#7a8fd0"/></svg>`,
)

/** A page as a whole. `body` has one `h1` and stands in the landmark `main`. */
export const pageOf = ({
  title,
  body,
}: {
  readonly title: string
  readonly body: Content
}): Html => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:image/svg+xml,${new Html(ICON)}">
<style>${new Html(STYLE)}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`

/** Sends a page with its headers. */
export const sendPage = (reply: FastifyReply, page: Html): FastifyReply =>
  reply.headers(HEADERS).type('text/html; charset=utf-8').send(page.text)
