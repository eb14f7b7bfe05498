import { BEGINNING_BYTES } from './audit-line.ts'

/** The conditions of a question to the trail. A condition that is undefined does not count. */
export interface LineFilter {
  readonly isUser?: ((names: { username: string | undefined; commonName: string | undefined }) => boolean) | undefined
  /** A part of a connection's id. */
  readonly connection?: string | undefined
  readonly events?: readonly string[] | undefined
}

/** Events that name people in lists and texts, which only parsing finds. */
const NAMING = ['"event":"list-changed"', '"event":"policy-set"']
const USERNAME = Buffer.from('"username":"')
const COMMON_NAME = Buffer.from('"commonName":"')
const [QUOTE, BACKSLASH] = [0x22, 0x5c]

/**
 * Whether a line may matter, found in its bytes: to parse a line takes ten times as long. Keys are found by their quotes,
 * because a quote within a value has a backslash before it.
 */
export const createLineFilter = ({ isUser, connection, events }: LineFilter): ((line: Buffer) => boolean) => {
  const id = connection === undefined ? undefined : Buffer.from(connection)
  const eventTexts = events?.map((event) => Buffer.from(`"event":"${event}"`))
  const known = new Map<string, boolean>()
  return (line) => {
    if (eventTexts !== undefined && !eventTexts.some((text) => line.includes(text))) return false
    if (id !== undefined && !line.includes(id)) return false
    if (isUser === undefined) return true
    const beginning = line.subarray(0, 2 * BEGINNING_BYTES)
    if (NAMING.some((event) => beginning.includes(event))) return true
    const [username, commonName] = [jsonText(line, USERNAME), jsonText(line, COMMON_NAME)]
    const key = `${username} ${commonName}`
    const before = known.get(key)
    if (before !== undefined) return before
    const found = isUser({ username: textOf(username), commonName: textOf(commonName) })
    known.set(key, found)
    return found
  }
}

/** The text after a key, as it stands in the line, with its quotes; a character for each byte. */
const jsonText = (line: Buffer, key: Buffer): string | undefined => {
  const at = line.indexOf(key)
  if (at === -1) return undefined
  const from = at + key.length
  let end = line.indexOf(QUOTE, from)
  while (end !== -1 && isEscaped(line, end)) end = line.indexOf(QUOTE, end + 1)
  return end === -1 ? undefined : line.toString('latin1', from - 1, end + 1)
}

const isEscaped = (line: Buffer, at: number): boolean => {
  let backslashes = 0
  while (line[at - 1 - backslashes] === BACKSLASH) backslashes++
  return backslashes % 2 === 1
}

const textOf = (json: string | undefined): string | undefined => {
  if (json === undefined) return undefined
  try {
    return JSON.parse(Buffer.from(json, 'latin1').toString()) as string
  } catch {
    return undefined
  }
}
