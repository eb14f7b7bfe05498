import { type Content, Html, html } from './html.ts'
import { STYLE } from './style.ts'

/** Without an icon of its own, a browser asks for `/favicon.ico`. */
const ICON = encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M13 10.5A6 6 0 0 1 5.5 3a6 6 0 1 0 7.5 7.5z" fill="#7a8fd0"/></svg>`,
)

interface Page {
  readonly title: string
  /** It has one `h1` and stands in the landmark `main`. */
  readonly body: Content
  readonly style?: string
  /** The content security policy of a page that no server sends. */
  readonly policy?: string
}

/** A page as a whole. */
export const pageOf = ({ title, body, style = STYLE, policy }: Page): Html => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">${policy === undefined ? '' : html`\n<meta http-equiv="content-security-policy" content="${policy}">`}
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:image/svg+xml,${new Html(ICON)}">
<style>${new Html(style)}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`
