/** One colour, one meaning, on every panel. */
export const palette = {
  /** All is well. */
  good: 'green',
  /** Look when you have time. */
  watch: 'orange',
  /** Act. */
  act: 'red',
  /** A number that is neither good nor bad; what enforces. */
  plain: 'blue',
  /** What only audits. */
  audit: 'purple',
  /** Nothing to say. */
  muted: '#8e8e8e',
} as const

export type Colour = (typeof palette)[keyof typeof palette]

/** A colour from a value on; without a value, from the lowest on. */
export interface Step {
  readonly from: number | null
  readonly colour: Colour
}

export const always = (colour: Colour): readonly Step[] => [{ from: null, colour }]

/** Good as long as it is below the first of the limits. */
export const upwards = (limits: { readonly watch?: number; readonly act?: number }): readonly Step[] => [
  { from: null, colour: palette.good },
  ...(limits.watch === undefined ? [] : [{ from: limits.watch, colour: palette.watch }]),
  ...(limits.act === undefined ? [] : [{ from: limits.act, colour: palette.act }]),
]
