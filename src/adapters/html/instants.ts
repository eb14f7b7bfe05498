import { type Content, html } from './html.ts'

/** An instant in a text: `2026-10-05T07:30:00Z`, or `Mon 2026-10-05 07:30` on a wall clock. */
const INSTANT = /((?:\b[A-Z][a-z]{2} )?\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|\b))/

/** A text whose instants no line break divides. */
export const withWholeInstants = (text: string): Content =>
  text.split(INSTANT).map((part, index) => (index % 2 === 1 ? html`<span class="instant">${part}</span>` : part))
