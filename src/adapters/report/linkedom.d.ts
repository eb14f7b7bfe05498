/** The part of linkedom that Curfew uses. The package's own types need those of a browser. */

export interface Element {
  readonly outerHTML: string
  querySelectorAll(selector: string): Iterable<Element>
  setAttribute(name: string, value: string): void
  removeAttribute(name: string): void
  remove(): void
}

/** The document of which Observable Plot makes its elements. */
export interface Document {
  readonly body: Element
}

export function parseHTML(text: string): { readonly document: Document }
