import { type SerializedError, stdSerializers } from 'pino'
import type { CurfewEvent } from '../../app/events.ts'
import { createPseudonyms } from './pseudonym.ts'
import { withoutNames } from './without-names.ts'

/** How the log writes names: as they are or, once it has a key, as pseudonyms. */
export interface NamesInLog {
  /** A reload may bring another key, or none. */
  take(key: string | undefined): void
  name(name: string): string
  event(event: CurfewEvent): CurfewEvent
  exception(error: Error): Partial<SerializedError>
}

export const createNamesInLog = (): NamesInLog => {
  let current: { readonly key: string; readonly pseudonymOf: (name: string) => string } | undefined
  return {
    take(key) {
      if (key !== current?.key) current = key === undefined ? undefined : { key, pseudonymOf: createPseudonyms(key) }
    },
    name: (name) => current?.pseudonymOf(name) ?? name,
    event: (event) => (current === undefined ? event : withoutNames(event, current.pseudonymOf)),
    exception(error) {
      const found = stdSerializers.err(error)
      if (current === undefined) return found
      // The message may quote anything. The places in the code do not.
      const places = found.stack.split('\n').filter((line) => /^ *at /.test(line))
      return { type: found.type, stack: places.join('\n') }
    },
  }
}
