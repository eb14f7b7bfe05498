import type { Endpoint } from '../app/endpoint.ts'
import { printable } from '../domain/printable.ts'
import { DISCOVERED } from './watched-place.ts'

/** An endpoint as the headings of the commands name it. */
export const titleOf = ({ id, name, region }: Pick<Endpoint, 'id' | 'name' | 'region'>): string =>
  `${id === DISCOVERED ? 'a discovered endpoint' : name === id ? id : `${printable(name)} (${id})`} in ${region}`
