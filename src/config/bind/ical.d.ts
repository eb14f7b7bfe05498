/**
 * The part of ical.js that Curfew uses, in jCal (RFC 7265). The types of the package itself do not compile with
 * `skipLibCheck: false`.
 */

/** The parts of an RRULE by their names in lower case. A part with one value has no list. */
export type Rule = Readonly<Record<string, string | number | readonly (string | number)[] | undefined>>

/** A name, its parameters, the type of its values, and these values. */
export type Property = readonly [
  name: string,
  parameters: Readonly<Record<string, unknown>>,
  type: string,
  ...values: readonly (string | readonly string[] | Rule)[],
]

export type Component = readonly [name: string, properties: readonly Property[], children: readonly Component[]]

declare const ICAL: {
  /** Throws an Error for a text that is not iCalendar. */
  parse(text: string): Component | readonly Component[]
  readonly stringify: { property(property: Property, design: object, noFold: boolean): string }
  readonly design: { readonly icalendar: object }
}

export default ICAL
