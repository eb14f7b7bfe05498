import type * as z from 'zod'
import { parsePattern } from '../../domain/names/pattern.ts'
import type { UserEntry } from '../../domain/names/user-list.ts'
import { type Calendar, parseDates, parseYearly } from '../../domain/time/calendar.ts'
import type { Parsed } from '../../domain/time/local-date.ts'
import { periodProblem } from '../../domain/time/period.ts'
import { calendarSchema, groupSchema } from '../schema/policies-schema.ts'
import { readValue } from '../yaml/read-value.ts'
import type { YamlFile } from '../yaml/yaml-file.ts'
import type { Path } from '../yaml/yaml-tree.ts'
import type { CalendarFiles } from './calendar-file.ts'
import { unlikelyName } from './unlikely-name.ts'

/** The definition of a name that all files share. */
export interface Definition<Value> {
  readonly value: Value
  readonly file: YamlFile
  readonly path: Path
  use(): void
  isUsed(): boolean
}

/** The groups and calendars of all files, by name. */
export interface Vocabulary {
  readonly groups: ReadonlyMap<string, Definition<readonly UserEntry[]>>
  readonly calendars: ReadonlyMap<string, Definition<Calendar>>
  /** Whether a file could not be read. It may define names that are missing here. */
  readonly incomplete: boolean
}

/** The name of the group to which an entry of a list of users refers; undefined for every other entry. */
export const groupNameOf = (entry: string): string | undefined => /^group:(.*)$/is.exec(entry)?.[1]

/**
 * Warns about groups and calendars that no policy refers to. The policy may misspell the name, or the definition is
 * obsolete.
 */
export const reportUnused = ({ groups, calendars }: Vocabulary): void => {
  const report = (word: string, definitions: ReadonlyMap<string, Definition<unknown>>) => {
    for (const [name, { file, path, isUsed }] of definitions) {
      const message = `no policy uses the ${word} "${name}": use it, or remove it`
      if (!isUsed()) file.problem(path, message, { at: 'key', severity: 'warning' })
    }
  }
  report('group', groups)
  report('calendar', calendars)
}

export const readVocabulary = (files: readonly YamlFile[], calendarFiles: CalendarFiles): Vocabulary => ({
  groups: define(files, 'groups', 'group', readGroup),
  calendars: define(files, 'calendars', 'calendar', (file, path, written) =>
    readCalendar(file, path, written, calendarFiles),
  ),
  incomplete: files.some(({ value }) => value === undefined),
})

const define = <Value>(
  files: readonly YamlFile[],
  key: 'groups' | 'calendars',
  word: string,
  read: (file: YamlFile, path: Path, written: unknown) => Value,
): Map<string, Definition<Value>> => {
  const defined = new Map<string, Definition<Value>>()
  for (const file of files) {
    for (const [name, written] of Object.entries(sectionOf(file, key))) {
      const path = [key, name]
      const value = read(file, path, written)
      const first = defined.get(name)
      if (first === undefined) {
        let used = false
        defined.set(name, { value, file, path, use: () => (used = true), isUsed: () => used })
      } else {
        const place = first.file.placeOf(first.path)
        file.problem(path, `the ${word} "${name}" is already defined at ${place}: rename one, or merge the two`, {
          at: 'key',
        })
      }
    }
  }
  return defined
}

const sectionOf = ({ value }: YamlFile, key: string): object => {
  const section = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined
  return typeof section === 'object' && section !== null && !Array.isArray(section) ? section : {}
}

const readGroup = (file: YamlFile, path: Path, written: unknown): readonly UserEntry[] =>
  (readValue(file, groupSchema, path, written) ?? []).flatMap((entry, index) => {
    const isMap = typeof entry !== 'string'
    const { pattern: text, from, until, reason } = isMap ? entry : { pattern: entry }
    const at = [...path, index, ...(isMap ? ['pattern'] : [])]
    const problem = periodProblem('the entry', from, until)
    if (problem !== undefined) file.problem([...path, index, 'until'], problem)
    if (groupNameOf(text) !== undefined) {
      file.problem(at, `"${text}": a group cannot hold another group: write its members here`)
      return []
    }
    const parsed = parsePattern(text)
    if ('problem' in parsed) {
      file.problem(at, parsed.problem)
      return []
    }
    const doubt = unlikelyName(text, 'yaml')
    if (doubt !== undefined) file.problem(at, doubt, { severity: 'warning' })
    return [{ from, pattern: parsed.pattern, reason, until }]
  })

const readCalendar = (file: YamlFile, path: Path, written: unknown, calendarFiles: CalendarFiles): Calendar => {
  const calendar: z.output<typeof calendarSchema> = readValue(file, calendarSchema, path, written) ?? {}
  const valueOf = <Value>(parsed: Parsed<Value>, at: Path): Value[] => {
    if ('value' in parsed) return [parsed.value]
    file.problem([...path, ...at], parsed.problem)
    return []
  }
  if (typeof written === 'object' && written !== null && Object.keys(written).length === 0) {
    file.problem(path, 'the calendar has no dates: write "dates", "yearly" or "file"')
  }
  const listed = calendar.file === undefined ? undefined : calendarFiles.read(file, path, calendar.file)
  return {
    dates: [
      ...(calendar.dates ?? []).flatMap((date, index) => valueOf(parseDates(date), ['dates', index])),
      ...(listed?.dates ?? []),
    ],
    yearly: (calendar.yearly ?? []).flatMap((day, index) => valueOf(parseYearly(day), ['yearly', index])),
    recurring: listed?.recurring,
  }
}
