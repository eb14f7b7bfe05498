import type { Content } from '../../src/adapters/html/html.ts'

/** The inside of a panel. */
export interface Drawn {
  readonly content: Content
  /** How many values it shows: tiles, cells, bars or points of a line. */
  readonly marks: number
}
