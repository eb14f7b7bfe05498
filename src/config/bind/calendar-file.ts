import type { ConfigFiles } from '../config-files.ts'
import { admit, realFolderOf, resolvePath } from '../config-paths.ts'
import { limited, type Problem } from '../yaml/problem.ts'
import { sourceText } from '../yaml/source-text.ts'
import type { YamlFile } from '../yaml/yaml-file.ts'
import type { Path } from '../yaml/yaml-tree.ts'
import { type IcsCalendar, type IcsFault, parseIcs } from './ics-events.ts'

/** In bytes. A calendar of ten years of holidays has a tenth of it. */
const MAX_BYTES = 1_000_000

/** The `.ics` files that calendars name. */
export interface CalendarFiles {
  /** Reads the file that the calendar at `path` of `holder` names. Undefined after a problem was reported. */
  read(holder: YamlFile, path: Path, written: string): IcsCalendar | undefined
  /** The decisive lines of a file that was read. */
  linesOf(holder: YamlFile, written: string): readonly string[] | undefined
}

type Read = IcsCalendar | { readonly why: string } | { readonly faults: readonly IcsFault[] }

/** See `createReferences` for `roots` and `visit`. */
export const createCalendarFiles = (
  files: ConfigFiles,
  roots: readonly string[] | undefined,
  report: (problem: Problem) => void,
  visit: (path: string) => void,
): CalendarFiles => {
  const known = new Map<string, Read>()

  const read = (path: string, folders: readonly string[]): Read => {
    visit(path)
    const found = admit(files, path, folders)
    if (found.kind === 'refused') return found
    if (found.kind !== 'file') return { why: `${path} is not a file: name a calendar in iCalendar format` }
    const content = files.read(path)
    if ('why' in content) return { why: `${path} cannot be read: ${content.why}` }
    if (content.bytes.length > MAX_BYTES) return { why: `${path} has more than 1 MB: remove past events` }
    const source = sourceText(content.bytes)
    const parsed = 'problem' in source ? { faults: [source] } : parseIcs(source.text)
    if (!('faults' in parsed)) return parsed
    const reportLimited = limited(report)
    for (const { line, problem } of parsed.faults) {
      reportLimited({ severity: 'error', file: path, line, column: 1, message: problem })
    }
    return parsed
  }

  return {
    read(holder, at, written) {
      const path = resolvePath(holder.path, written)
      const file = known.get(path) ?? read(path, roots ?? [realFolderOf(files, holder.path)])
      known.set(path, file)
      if ('why' in file) holder.problem([...at, 'file'], file.why)
      if (!('lines' in file)) return undefined
      if (file.timed > 0) {
        const message = `${file.timed} events of ${path} have times of the day and are left out: only whole days count`
        holder.problem([...at, 'file'], message, { severity: 'warning' })
      }
      return file
    },
    linesOf(holder, written) {
      const file = known.get(resolvePath(holder.path, written))
      return file !== undefined && 'lines' in file ? file.lines : undefined
    },
  }
}
