// The types of playwright-core name these types of a browser. `lib.dom.d.ts` would declare a browser's globals everywhere.
interface Node {}
interface HTMLElement {}
interface SVGElement {}
interface HTMLElementTagNameMap {}
