import type { FileEntry } from '../domain/policy.ts'
import type { ConfigFiles } from './config-files.ts'
import { sourceText } from './source-text.ts'

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
  return { entries }
}
