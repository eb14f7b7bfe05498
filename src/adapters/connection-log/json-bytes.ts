/** The bytes do not tell yet where the value ends. */
export const MORE = -1
/** No JSON value goes on like this. */
export const DAMAGED = -2

export const [NEWLINE, QUOTE, COMMA, OPEN_LIST, CLOSE_LIST, OPEN, CLOSE] = [10, 34, 44, 91, 93, 123, 125]
const COLON = 58
const BACKSLASH = 92
const SPACE = 32

/** Deeper than any log. */
const DEEPEST = 64

export const isBlank = (byte: number | undefined): boolean =>
  byte === SPACE || byte === NEWLINE || byte === 13 || byte === 9

/** Where the blanks that begin at `from` end. */
export const blankEnd = (bytes: Buffer, from: number): number => {
  let at = from
  while (isBlank(bytes[at])) at++
  return at
}

/** Whether a line that begins with this byte begins something new. Lines within a printed value are indented. */
export const isFirst = (byte: number | undefined): boolean =>
  byte !== undefined && !isBlank(byte) && byte !== CLOSE && byte !== CLOSE_LIST

/** As `blankEnd`, within a value. A line break before something new ends a value that was cut off. */
const gapEnd = (bytes: Buffer, from: number): number => {
  let at = from
  while (isBlank(bytes[at]) && !(bytes[at] === NEWLINE && isFirst(bytes[at + 1]))) at++
  return at
}

/** Where the text ends whose quote is at `from`. No line break is within a text: a text that lost its quote ends there. */
const textEnd = (bytes: Buffer, from: number): number => {
  // Nearly all bytes of a log pass this loop. A read beyond the end would make it several times slower.
  for (let at = from + 1, { length } = bytes; at < length; at++) {
    const byte = bytes[at] ?? 0
    if (byte === QUOTE) return at + 1
    if (byte === BACKSLASH) at++
    else if (byte < SPACE) return DAMAGED
  }
  return MORE
}

/** Where the number or word at `from` ends. */
const wordEnd = (bytes: Buffer, from: number): number => {
  let at = from
  for (; ; at++) {
    const byte = bytes[at]
    if (byte === undefined) return MORE
    const isPart =
      (byte >= 97 && byte <= 122) || (byte >= 48 && byte <= 57) || byte === 69 || [43, 45, 46].includes(byte)
    if (!isPart) return at === from ? DAMAGED : at
  }
}

/** The bytes before a place at which something may begin or end. Any other byte ends a value. */
const VALUE = 0

/**
 * Where the JSON value ends that begins at `from`, or why that cannot be told. Looks at brackets, quotes and what may
 * stand next to them, but not into texts, numbers and words: `JSON.parse` does that.
 */
export const valueEnd = (bytes: Buffer, from: number): number => {
  const first = bytes[from]
  if (first === QUOTE) return textEnd(bytes, from)
  if (first !== OPEN && first !== OPEN_LIST) return wordEnd(bytes, from)
  const around = [first]
  let previous = first
  for (let at = from + 1, { length } = bytes; at < length; ) {
    const byte = bytes[at] ?? 0
    const within = around[around.length - 1]
    if (byte === QUOTE) {
      if (previous === VALUE) return DAMAGED
      at = textEnd(bytes, at)
      if (at < 0) return at
      previous = VALUE
    } else if (byte === OPEN || byte === OPEN_LIST) {
      const mayBegin = within === OPEN ? previous === COLON : previous === OPEN_LIST || previous === COMMA
      if (!mayBegin || around.length === DEEPEST) return DAMAGED
      around.push(byte)
      previous = byte
      at++
    } else if (byte === CLOSE || byte === CLOSE_LIST) {
      // In ASCII, each closing bracket comes two places after its opening one.
      if (within !== byte - 2 || (previous !== VALUE && previous !== within)) return DAMAGED
      around.pop()
      at++
      if (around.length === 0) return at
      previous = VALUE
    } else if (byte === COMMA || byte === COLON) {
      if (previous !== VALUE || (byte === COLON && within !== OPEN)) return DAMAGED
      previous = byte
      at++
    } else if (isBlank(byte)) {
      const end = gapEnd(bytes, at)
      if (end === at) return DAMAGED
      at = end
    } else {
      if (previous === VALUE || previous === OPEN) return DAMAGED
      at = wordEnd(bytes, at)
      if (at < 0) return at
      previous = VALUE
    }
  }
  return MORE
}

/** The lists in which AWS hands out lines of a log. */
export const LISTS: ReadonlySet<string> = new Set(['events', 'logEvents', 'results'])

/** The members of an object end at `end`, or one of the lists with lines begins at `list`. */
export type Members = { readonly end: number } | { readonly list: number } | typeof MORE | typeof DAMAGED

/** Passes over the members of an object, of which the first begins at `from`. */
export const passMembers = (bytes: Buffer, from: number): Members => {
  let at = gapEnd(bytes, from)
  if (bytes[at] === CLOSE) return { end: at + 1 }
  for (;;) {
    if (bytes[at] === undefined) return MORE
    if (bytes[at] !== QUOTE) return DAMAGED
    const keyEnd = textEnd(bytes, at)
    if (keyEnd < 0) return keyEnd as typeof MORE | typeof DAMAGED
    const key = bytes.toString('latin1', at + 1, keyEnd - 1)
    at = gapEnd(bytes, keyEnd)
    if (bytes[at] === undefined) return MORE
    if (bytes[at] !== COLON) return DAMAGED
    at = gapEnd(bytes, at + 1)
    if (bytes[at] === OPEN_LIST && LISTS.has(key)) return { list: at + 1 }
    at = bytes[at] === undefined ? MORE : valueEnd(bytes, at)
    if (at < 0) return at as typeof MORE | typeof DAMAGED
    at = gapEnd(bytes, at)
    if (bytes[at] === undefined) return MORE
    if (bytes[at] === CLOSE) return { end: at + 1 }
    if (bytes[at] !== COMMA) return DAMAGED
    at = gapEnd(bytes, at + 1)
  }
}
