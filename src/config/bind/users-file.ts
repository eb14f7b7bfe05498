import type { FileEntry } from '../../domain/policies/policy.ts'
import type { ConfigFiles } from '../config-files.ts'
import { sourceText } from '../yaml/source-text.ts'

/** Twice as many people as the largest endpoint has connections; each takes its share of the memory. */
const MOST_ENTRIES = 250_000

/** One entry a line. A `#` is a comment only where it comes first: elsewhere it belongs to the name, as in Entra's guests. */
export const readUsersFile = (
  files: ConfigFiles,
  path: string,
): { readonly entries: readonly FileEntry[] } | { readonly why: string } => {
  const read = files.read(path)
  if ('why' in read) return read
  const source = sourceText(read.bytes)
  if ('problem' in source) return { why: `line ${source.line}, column ${source.column}: ${source.problem}` }
  const entries = source.text
    .split(/\r?\n/)
    .map((text, index): FileEntry => ({ text, line: index + 1 }))
    .filter(({ text }) => !/^\s*(?:#|$)/.test(text))
  if (entries.length <= MOST_ENTRIES) return { entries }
  return {
    why: `it has ${entries.length} entries, at most ${MOST_ENTRIES} are read: write patterns, or remove those that are over`,
  }
}
