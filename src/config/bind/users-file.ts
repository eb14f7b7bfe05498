import type { FileEntry } from '../../domain/policies/policy.ts'
import type { ConfigFiles } from '../config-files.ts'
import { sourceText } from '../yaml/source-text.ts'

/** Twice as many entries as the largest endpoint has connections. The limit bounds the memory. */
const MAX_ENTRIES = 250_000

/**
 * One entry per line. A `#` begins a comment only at the start of a line. Elsewhere it is part of the name, as in the
 * names of Entra guests.
 */
export const readUsersFile = (
  files: ConfigFiles,
  path: string,
): { readonly entries: readonly FileEntry[] } | { readonly why: string } => {
  const read = files.read(path)
  if ('why' in read) return read
  const source = sourceText(read.bytes)
  if ('problem' in source) return { why: `line ${source.line}, column ${source.column}: ${source.problem}` }
  const entries = entriesIn(source.text)
  if (entries.length <= MAX_ENTRIES) return { entries }
  return {
    why: `it has ${entries.length} entries, at most ${MAX_ENTRIES} are read: write patterns, or remove expired entries`,
  }
}

/** A walk along the line feeds: a list of all lines, to be filtered, would double what the garbage collector copies. */
const entriesIn = (text: string): readonly FileEntry[] => {
  const entries: FileEntry[] = []
  for (let [from, line] = [0, 1]; from <= text.length; line++) {
    const feed = text.indexOf('\n', from)
    const end = feed < 0 ? text.length : feed
    const written = text.slice(from, text[end - 1] === '\r' ? end - 1 : end)
    if (!COMMENT_OR_BLANK.test(written)) entries.push({ text: written, line })
    from = end + 1
  }
  return entries
}

const COMMENT_OR_BLANK = /^\s*(?:#|$)/

/** The problem with a character of a line that no editor shows, in the words of a text file; undefined if there is none. */
export const hiddenCharacter = (line: string): string | undefined => {
  if (line.includes('\ufeff')) {
    return 'this line has a byte order mark in it, as where two files were joined: remove it, or write the line anew'
  }
  return /[\p{Cc}\u2028\u2029]/u.test(line)
    ? `${JSON.stringify(line)} contains a tab or another control character: write one name on each line, and nothing else`
    : undefined
}
