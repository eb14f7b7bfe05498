import { type Content, html } from './html.ts'

const BREAK = html`<wbr>`

/** A name that breaks after `@` and dots, where it has no room in one line. */
export const breakable = (name: string): Content =>
  name.split(/(?<=[@.])(?=.)/u).map((part, index) => (index === 0 ? part : [BREAK, part]))
