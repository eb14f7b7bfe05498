/** Each colour has one meaning on every panel. */
export const palette = {
  /** All is well. */
  good: 'green',
  /** Look when you have time. */
  watch: 'orange',
  /** Act now. */
  act: 'red',
  /** A number that is neither good nor bad; policies that enforce. */
  plain: 'blue',
  /** Policies that only audit. */
  audit: 'purple',
  /** Background information. */
  muted: '#8e8e8e',
  /** The ground of a cell that needs no look. */
  none: 'transparent',
} as const

export type Colour = (typeof palette)[keyof typeof palette]

/** The colour for values from `from` on; `null` is the lowest value. */
export interface Step {
  readonly from: number | null
  readonly colour: Colour
}

export const always = (colour: Colour): readonly Step[] => [{ from: null, colour }]

/** Good below the first limit. */
export const upwards = (limits: { readonly watch?: number; readonly act?: number }): readonly Step[] => [
  { from: null, colour: palette.good },
  ...(limits.watch === undefined ? [] : [{ from: limits.watch, colour: palette.watch }]),
  ...(limits.act === undefined ? [] : [{ from: limits.act, colour: palette.act }]),
]
