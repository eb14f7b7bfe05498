import { createHash } from 'node:crypto'

/** How a content security policy names a style sheet or a script of the page itself. */
export const sourceOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
