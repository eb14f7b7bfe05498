import type { Endpoint } from '../app/events.ts'
import { printable } from '../domain/printable.ts'

/** An endpoint as the headings of the commands name it. */
export const titleOf = ({ id, name, region }: Pick<Endpoint, 'id' | 'name' | 'region'>): string =>
  `${name === id ? id : `${printable(name)} (${id})`} in ${region}`
