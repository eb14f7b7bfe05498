import { cellsOf, headerOf } from './csv-rows.ts'
import {
  blankEnd,
  CLOSE,
  CLOSE_LIST,
  COMMA,
  DAMAGED,
  isBlank,
  isFirst,
  MORE,
  NEWLINE,
  OPEN,
  OPEN_LIST,
  passMembers,
  QUOTE,
  valueEnd,
} from './json-bytes.ts'
import type { Lines } from './lines-read.ts'
import { noJson, takeValue } from './log-value.ts'

/** What the reader is in: an object of which one member is the list of lines, or the list alone. */
type Around = 'object' | 'list'

/** Where in a log the reader is. */
type Place =
  /** Outside of any value. */
  | { readonly in: 'text' }
  /** In a list of lines, before one of them or the list's end. */
  | { readonly in: 'list'; readonly around: Around }
  /** In an object whose list of lines has ended. */
  | { readonly in: 'object' }
  /** In the rows of a CSV file. */
  | { readonly in: 'rows'; readonly header: string; readonly columns: readonly string[]; readonly delimiter: string }
  /**
   * After damage, in search of the next line. `value`: what was damaged, an entry of a list, or a value that is printed
   * on one line or on several. `previous`: the last byte that was no blank.
   */
  | {
      readonly in: 'damage'
      readonly around: Around
      readonly previous: number
      readonly value: 'entry' | 'on-one-line' | 'on-several'
    }

/** Larger than any line of a connection log. Larger values are first divided into what they hold. */
const LONGEST_LINE_BYTES = 64 * 1024

/** CloudWatch Logs takes events of up to a megabyte. In JSON, each quote in them has two bytes. */
const LONGEST_VALUE_BYTES = 4 * 1024 * 1024

const CONTROL = Buffer.from('"CONTROL_MESSAGE"')

/**
 * Reads one log, which is pushed chunk by chunk, in whichever form AWS has handed it out. A value that fits on its line is
 * parsed at once. Larger ones, or several without a newline between them, are divided into lines without being parsed as
 * a whole, so that memory is bounded. After damage, the reader continues with the next thing that begins like a line.
 */
export const createLogReader = (file: string, lines: Lines) => {
  let place: Place = { in: 'text' }
  let bytes: Buffer = Buffer.alloc(0)
  let at = 0
  /** The number of the line at `at`. */
  let line = 1
  /** Whether something in this line was counted. Text around it is no line of its own. */
  let isCounted = false
  let isLast = false
  /** Where the line ends that `at` is in, as far as it is known. */
  let lineEnd = -1

  const endOfLine = (): number => {
    if (lineEnd < at) {
      lineEnd = bytes.indexOf(NEWLINE, at)
      if (lineEnd === -1) lineEnd = bytes.length
    }
    return lineEnd
  }

  const moveTo = (to: number) => {
    while (endOfLine() < to) {
      line++
      isCounted = false
      at = lineEnd + 1
    }
    at = to
  }

  const skip = (isSkipped: (byte: number | undefined) => boolean): number | undefined => {
    for (; isSkipped(bytes[at]); at++) {
      if (bytes[at] !== NEWLINE) continue
      line++
      isCounted = false
    }
    return bytes[at]
  }

  const fail = (problem: string) => {
    lines.fail(file, line, problem)
    isCounted = true
  }

  const take = (value: unknown) => {
    takeValue(value, lines, file, line)
    isCounted = true
  }

  const takeBytes = (from: number, to: number) => {
    const value = parsed(bytes, from, to)
    if (value === undefined) fail(noJson(bytes.toString('utf8', from, Math.min(to, from + 100))))
    else take(value.value)
  }

  /** Takes the rest of a line, if it is one value. */
  const takeRest = (from: number, end: number): boolean => {
    const value = parsed(bytes, from, end)
    if (value === undefined) return false
    take(value.value)
    at = end
    return true
  }

  const damaged = (around: Around, problem = 'it is damaged or cut off'): true => {
    fail(problem)
    const layout = isBlank(bytes[at + 1]) ? 'on-several' : 'on-one-line'
    place = { in: 'damage', around, previous: bytes[at] ?? 0, value: place.in === 'text' ? layout : 'entry' }
    at++
    return true
  }

  /** Waits for the next chunk, if that may help. */
  const more = (around: Around): boolean => {
    if (isLast) return damaged(around)
    if (bytes.length - at <= LONGEST_VALUE_BYTES) return false
    return damaged(around, `it has more than ${LONGEST_VALUE_BYTES / 1024 / 1024} MiB`)
  }

  const inText = (): boolean => {
    const first = skip(isBlank)
    if (first === undefined) return false
    const end = endOfLine()
    const isWhole = end < bytes.length || isLast
    if (!isWhole && end - at <= LONGEST_LINE_BYTES) return false
    const isParsable = !isCounted && isWhole && end - at <= LONGEST_LINE_BYTES
    if (first === QUOTE && isParsable && takeRest(at, end)) return true
    let open = at
    if (first !== OPEN_LIST) while (open < end && bytes[open] !== OPEN) open++
    if (open === end) {
      if (!isCounted) takeText(bytes.toString('utf8', at, Math.min(end, at + LONGEST_LINE_BYTES)))
      at = end
      return true
    }
    if (isParsable && takeRest(open, end)) return true
    at = open
    if (bytes[at] === OPEN) return inObject(at + 1)
    const entry = blankEnd(bytes, at + 1)
    if (entry + 1 >= bytes.length && !isLast) return more('list')
    if (bytes[entry] !== CLOSE_LIST && !isEntry(entry)) return damaged('list')
    at++
    place = { in: 'list', around: 'list' }
    return true
  }

  /** Whether an entry of a list begins here: an object, a row of fields, or a text that is an object. */
  const isEntry = (from: number): boolean =>
    bytes[from] === OPEN || bytes[from] === OPEN_LIST || (bytes[from] === QUOTE && bytes[from + 1] === OPEN)

  /** `from`: where its next member begins. */
  const inObject = (from: number): boolean => {
    const members = passMembers(bytes, from)
    if (members === MORE) return more('object')
    if (members === DAMAGED) return damaged('object')
    const isWhole = place.in === 'text'
    if ('list' in members && !(isWhole && bytes.subarray(at, members.list).includes(CONTROL))) {
      moveTo(members.list)
      isCounted = true
      place = { in: 'list', around: 'object' }
      return true
    }
    const end = 'end' in members ? members.end : valueEnd(bytes, at)
    if (end === MORE) return more('object')
    if (end === DAMAGED) return damaged('object')
    if (isWhole) takeBytes(at, end)
    moveTo(end)
    isCounted = true
    place = { in: 'text' }
    return true
  }

  const afterList = (): boolean => {
    const byte = skip(isBlank)
    if (byte === undefined) return false
    if (byte === COMMA) return inObject(at + 1)
    if (byte !== CLOSE) return damaged('object')
    at++
    isCounted = true
    place = { in: 'text' }
    return true
  }

  const inList = (around: Around): boolean => {
    const byte = skip((one) => isBlank(one) || one === COMMA)
    if (byte === undefined) return false
    if (byte === CLOSE_LIST) {
      at++
      isCounted = true
      place = around === 'list' ? { in: 'text' } : { in: 'object' }
      return true
    }
    if (!isLast && at + 1 === bytes.length) return false
    const end = isEntry(at) ? valueEnd(bytes, at) : DAMAGED
    if (end === MORE) return more(around)
    if (end === DAMAGED) return damaged(around)
    takeBytes(at, end)
    moveTo(end)
    return true
  }

  /** Looks for a line break, or for an object where one may begin: after another one, or as an entry of a list. */
  const inDamage = (damage: Place & { readonly in: 'damage' }): boolean => {
    let { previous } = damage
    const wait = (): false => {
      place = { ...damage, previous }
      return false
    }
    for (; at < bytes.length; at++) {
      const byte = bytes[at]
      if (byte === NEWLINE) {
        const next = bytes[at + 1]
        if (next === undefined && !isLast) return wait()
        line++
        isCounted = false
        if (NEXT[damage.value](next)) {
          at++
          place = { in: 'text' }
          return true
        }
      } else if (byte === OPEN && (previous === COMMA || previous === OPEN_LIST || previous === CLOSE)) {
        const next = bytes[blankEnd(bytes, at + 1)]
        if (next === undefined && !isLast && bytes.length - at < LONGEST_LINE_BYTES) return wait()
        if (next === QUOTE) {
          place = previous === CLOSE ? { in: 'text' } : { in: 'list', around: damage.around }
          isCounted = true
          return true
        }
      }
      if (byte !== undefined && !isBlank(byte)) previous = byte
    }
    return wait()
  }

  const takeText = (text: string) => {
    const header = headerOf(text)
    if (header !== undefined) {
      isCounted = true
      place = { in: 'rows', ...header }
    } else if (text.trim() === EXPORT_TRIAL) {
      lines.pass()
      isCounted = true
    } else if (!HEADING.test(text)) fail(noJson(text))
  }

  const inRows = ({ header, columns, delimiter }: Place & { readonly in: 'rows' }): boolean => {
    const first = skip(isBlank)
    if (first === undefined) return false
    const end = endOfLine()
    if (end === bytes.length && !isLast) return more('list')
    const text = bytes.toString('utf8', at, end).trimEnd()
    if (text !== header) {
      const cells = cellsOf(text, delimiter)
      if (cells === undefined) fail('it is no row of CSV')
      else take(Object.fromEntries(columns.map((column, index) => [column, cells[index]])))
    }
    at = end
    return true
  }

  /** Whether it moved on. If not, it needs more bytes. */
  const step = (): boolean => {
    switch (place.in) {
      case 'text':
        return inText()
      case 'list':
        return inList(place.around)
      case 'object':
        return afterList()
      case 'rows':
        return inRows(place)
      case 'damage':
        return inDamage(place)
    }
  }

  return {
    push(chunk: Buffer) {
      bytes = at === bytes.length ? chunk : Buffer.concat([bytes.subarray(at), chunk])
      at = 0
      lineEnd = -1
      while (step());
    },
    end() {
      isLast = true
      lineEnd = -1
      while (step());
      if (place.in === 'list' || place.in === 'object')
        fail('the log ends too soon: it was not written or copied to its end')
    },
  }
}

/** Whether a line that begins with this byte is the next one after a damaged value. */
const NEXT = {
  entry: (byte: number | undefined) => byte === OPEN,
  'on-one-line': () => true,
  'on-several': isFirst,
}

/** The parsed value of these bytes. Undefined if they are no JSON. */
const parsed = (bytes: Buffer, from: number, to: number): { readonly value: unknown } | undefined => {
  try {
    return { value: JSON.parse(bytes.toString('utf8', from, to)) }
  } catch {
    return undefined
  }
}

/** The whole text of a file that CloudWatch Logs writes to a bucket before it exports to it. */
const EXPORT_TRIAL = 'Permission Check Successful'

/** The line with time and stream that `aws logs tail --format json` writes before each message. */
const HEADING = /^\s*\d{4}-\d{2}-\d{2}T\S+(?:\s+\S+)?\s*$/
