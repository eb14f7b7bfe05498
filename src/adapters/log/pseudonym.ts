import { createHmac } from 'node:crypto'
import { fold } from '../../domain/names/fold.ts'

/** In characters. A key that can be guessed tells every name, because names can be tried one by one. */
const SHORTEST_KEY = 32

/** Hexadecimal digits. Two of 126,000 names have the same 16 digits once in two billion keys. */
const DIGITS = 16

/** More than the users who are in the news within an hour. An entry has some 200 bytes. */
const MOST_CACHED = 10_000

/**
 * Replaces names by keyed pseudonyms: the beginning of HMAC-SHA256 over the folded name. All spellings of a name have one
 * pseudonym, and without the key nobody can tell whose it is.
 */
export const createPseudonyms = (key: string): ((name: string) => string) => {
  const cached = new Map<string, string>()
  return (name) => {
    const known = cached.get(name)
    if (known !== undefined) return known
    const digest = createHmac('sha256', key).update(fold(name)).digest('hex')
    const pseudonym = `p-${digest.slice(0, DIGITS)}`
    const [oldest] = cached.keys()
    if (cached.size >= MOST_CACHED && oldest !== undefined) cached.delete(oldest)
    cached.set(name, pseudonym)
    return pseudonym
  }
}

/** Why a text cannot be the key; undefined if it can. */
export const keyProblem = (text: string): string | undefined =>
  text.length >= SHORTEST_KEY
    ? undefined
    : `the key has ${text.length} characters, expected at least ${SHORTEST_KEY}: make one with "openssl rand -hex 32"`
