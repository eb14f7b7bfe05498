import { html as escaped } from 'ghtml'
import { printable } from '../../domain/printable.ts'

/** HTML that `html` has written. A plain text is not one, so it cannot get into a page without being escaped. */
export class Html {
  // A private field keeps other objects with a `text` from being taken for HTML.
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  get text(): string {
    return this.#text
  }
}

/** A value in a template. Texts and numbers are escaped, other HTML is inserted as it is. */
export type Content = string | number | Html | readonly Content[]

/** Writes HTML: html`<p>${name}</p>`. Attributes need quotes around their values. */
export const html = (texts: TemplateStringsArray, ...contents: readonly Content[]): Html =>
  new Html(texts.reduce((before, text, index) => before + written(contents[index - 1] ?? '') + text))

/** Characters that are invisible or that reverse the direction of the text become visible escapes. */
const written = (content: Content): string => {
  if (content instanceof Html) return content.text
  return typeof content === 'object' ? content.map(written).join('') : escaped`${printable(String(content))}`
}
