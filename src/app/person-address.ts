import type { People } from '../config/configuration.ts'
import { isMailAddress } from '../config/schema/mail-address.ts'
import type { Violation } from '../domain/judge/violation.ts'
import { fold } from '../domain/names/fold.ts'

/**
 * The mail address of the person whose connection it is: the one that `people` has for the user name, else the user name
 * itself where it is an address, else the one that `people` has for the common name. Undefined if there is none: an
 * address is never guessed.
 */
export const addressOf = (
  { username, commonName }: Pick<Violation, 'username' | 'commonName'>,
  people: People,
): string | undefined => {
  const listed = (name: string | undefined) => (name === undefined ? undefined : people.get(fold(name)))
  const name = username?.trim()
  return listed(username) ?? (name !== undefined && isMailAddress(name) ? name : undefined) ?? listed(commonName)
}
