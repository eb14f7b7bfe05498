import type * as z from 'zod'
import { type Pattern, parsePattern } from '../../domain/names/pattern.ts'
import { type Calendar, type Parsed, parseDate, parseDateRange, parseYearly } from '../../domain/time/calendar.ts'
import { calendarSchema, groupSchema } from '../schema/policies-schema.ts'
import { readValue } from '../yaml/read-value.ts'
import type { YamlFile } from '../yaml/yaml-file.ts'
import type { Path } from '../yaml/yaml-tree.ts'

/** A name that all files share, with its meaning. */
export interface Definition<Value> {
  readonly value: Value
  readonly file: YamlFile
  readonly path: Path
  use(): void
  isUsed(): boolean
}

/** What policies call by name, wherever it was defined. */
export interface Vocabulary {
  readonly groups: ReadonlyMap<string, Definition<readonly Pattern[]>>
  readonly calendars: ReadonlyMap<string, Definition<Calendar>>
  /** Whether some file is illegible, so that a name that is missing here may be defined there. */
  readonly incomplete: boolean
}

export const GROUP = 'group:'

/** Warns of names that nothing refers to: misspelled in the policy, or left over. */
export const reportUnused = ({ groups, calendars }: Vocabulary): void => {
  const report = (word: string, definitions: ReadonlyMap<string, Definition<unknown>>) => {
    for (const [name, { file, path, isUsed }] of definitions) {
      const message = `the ${word} "${name}" is used by no policy: use it, or remove it`
      if (!isUsed()) file.problem(path, message, { at: 'key', severity: 'warning' })
    }
  }
  report('group', groups)
  report('calendar', calendars)
}

export const readVocabulary = (files: readonly YamlFile[]): Vocabulary => ({
  groups: define(files, 'groups', 'group', readGroup),
  calendars: define(files, 'calendars', 'calendar', readCalendar),
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
        file.problem(path, `the ${word} "${name}" is already defined at ${place}: rename one, or put both into one`, {
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

const readGroup = (file: YamlFile, path: Path, written: unknown): readonly Pattern[] =>
  (readValue(file, groupSchema, path, written) ?? []).flatMap((text, index) => {
    const at = [...path, index]
    if (text.startsWith(GROUP)) {
      file.problem(at, `"${text}": a group cannot hold another group: write its members here`)
      return []
    }
    const parsed = parsePattern(text)
    if ('pattern' in parsed) return [parsed.pattern]
    file.problem(at, parsed.problem)
    return []
  })

const readCalendar = (file: YamlFile, path: Path, written: unknown): Calendar => {
  const calendar: z.output<typeof calendarSchema> = readValue(file, calendarSchema, path, written) ?? {}
  const good = <Value>(parsed: Parsed<Value>, at: Path): Value[] => {
    if ('value' in parsed) return [parsed.value]
    file.problem([...path, ...at], parsed.problem)
    return []
  }
  if (typeof written === 'object' && written !== null && Object.keys(written).length === 0) {
    file.problem(path, 'the calendar has no dates: write "dates", "yearly" or both')
  }
  return {
    dates: (calendar.dates ?? []).flatMap((date, index) => {
      const at = ['dates', index]
      if (typeof date !== 'string') return good(parseDateRange(date), at)
      return good(parseDate(date), at).map((day) => ({ from: day, to: day }))
    }),
    yearly: (calendar.yearly ?? []).flatMap((day, index) => good(parseYearly(day), ['yearly', index])),
  }
}
