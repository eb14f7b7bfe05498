import { type Content, html } from './html.ts'

/** A table that scrolls sideways in a narrow window, also with the keyboard. */
export const scrolling = (label: string, table: Content): Content =>
  html`<div class="scrolling" role="region" aria-labelledby="${label}" tabindex="0">${table}</div>`
