/** The text of a file, or the problem with its bytes and the place of the problem. */
type SourceText =
  | { readonly text: string }
  | { readonly problem: string; readonly line: number; readonly column: number }

const NEWLINE = 0x0a

/** Reads UTF-8, with or without a byte order mark. The YAML parser would read each of the faults found here as text. */
export const sourceText = (bytes: Uint8Array): SourceText => {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    return { problem: 'the file is UTF-16: save it as UTF-8', line: 1, column: 1 }
  }
  const text = decode(bytes)
  if (text === undefined) return { problem: 'this byte is not UTF-8: save the file as UTF-8', ...firstInvalid(bytes) }
  const nul = text.indexOf('\0')
  if (nul >= 0) {
    return { problem: 'this is a NUL character: is this a text file, saved as UTF-8?', ...placeOf(text, nul) }
  }
  const lone = text.search(/\r(?!\n)/)
  if (lone >= 0) {
    return {
      problem: 'this carriage return has no line feed after it: save the file with line ends LF or CRLF',
      ...placeOf(text, lone),
    }
  }
  return { text }
}

const decode = (bytes: Uint8Array): string | undefined => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** The line and column of an offset in a text, both counted from 1. */
export const placeOf = (text: string, offset: number): { readonly line: number; readonly column: number } => {
  const before = text.slice(0, offset).split('\n')
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
}

/**
 * The place of the first invalid byte. Lines can be decoded one by one, because a line feed is never part of another
 * character.
 */
const firstInvalid = (bytes: Uint8Array) => {
  let start = 0
  for (let line = 1; ; line++) {
    const end = bytes.indexOf(NEWLINE, start)
    const row = bytes.subarray(start, end < 0 ? bytes.length : end)
    if (decode(row) === undefined || end < 0) {
      return { line, column: Math.max(0, new TextDecoder().decode(row).indexOf('\ufffd')) + 1 }
    }
    start = end + 1
  }
}
