import { createHmac } from 'node:crypto'
import { fold } from '../../domain/names/fold.ts'

/** In characters. A key that can be guessed tells every name, because names can be tried one by one. */
const SHORTEST_KEY = 32

/** Hexadecimal digits. Two of 126,000 names have the same 16 digits once in two billion keys. */
const DIGITS = 16

/** An entry has some 200 bytes. A digest takes 4 µs, about as long as the line that it is for. */
const MOST_CACHED = 10_000

/**
 * Replaces names by keyed pseudonyms: the beginning of HMAC-SHA256 over the folded name. All spellings of a name have one
 * pseudonym, and without the key nobody can tell whose it is.
 */
export const createPseudonyms = (key: string): ((name: string) => string) => {
  // Two halves: to remove the oldest entry of one map each time would cost more than the digest.
  let [recent, earlier] = [new Map<string, string>(), new Map<string, string>()]
  return (name) => {
    const known = recent.get(name)
    if (known !== undefined) return known
    const pseudonym = earlier.get(name) ?? `p-${digestOf(key, name).slice(0, DIGITS)}`
    if (recent.size >= MOST_CACHED / 2) [recent, earlier] = [new Map(), recent]
    recent.set(name, pseudonym)
    return pseudonym
  }
}

const digestOf = (key: string, name: string) => createHmac('sha256', key).update(fold(name)).digest('hex')

/** Why a text cannot be the key; undefined if it can. */
export const keyProblem = (text: string): string | undefined =>
  text.length >= SHORTEST_KEY
    ? undefined
    : `the key has ${text.length} characters, expected at least ${SHORTEST_KEY}: make one with "openssl rand -hex 32"`
