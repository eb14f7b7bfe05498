import { parse } from 'csv-parse/sync'
import { fold, isBlank } from '../../domain/names/fold.ts'
import type { ConfigFiles } from '../config-files.ts'
import { admit, resolvePath } from '../config-paths.ts'
import type { People } from '../configuration.ts'
import { isMailAddress } from '../schema/mail-address.ts'
import { limited, type Problem } from '../yaml/problem.ts'
import { sourceText } from '../yaml/source-text.ts'
import type { YamlFile } from '../yaml/yaml-file.ts'
import { hiddenCharacter } from './users-file.ts'

/** Twice as many entries as the largest endpoint has connections, as in lists of users. */
const MAX_ENTRIES = 250_000

const COLUMNS = ['name', 'address'] as const

const HEADER = 'begin the file with the line "name,address"'

interface PeopleFile {
  readonly files: ConfigFiles
  /** The daemon's file. */
  readonly file: YamlFile
  /** The path as the daemon's file names it. */
  readonly named: string
  /** The folders in one of which the file must lie, links followed. */
  readonly roots: readonly string[]
  readonly report: (problem: Problem) => void
  readonly visit: (path: string) => void
}

/**
 * Reads the CSV file with the addresses of users. Its first line names the columns; those that are not known are ignored.
 * A `#` at the start of a line begins a comment, as in lists of users.
 */
export const readPeople = ({ files, file, named, roots, report, visit }: PeopleFile): People => {
  const people = new Map<string, string>()
  const refuse = (message: string): People => {
    file.problem(['people', 'file'], message)
    return people
  }
  const path = resolvePath(file.path, named)
  visit(path)
  const found = admit(files, path, roots)
  if (found.kind === 'refused') return refuse(found.why)
  if (found.kind !== 'file') return refuse(`${path} is not a file: name a CSV file with the columns name and address`)
  const read = files.read(path)
  if ('why' in read) return refuse(`${path} cannot be read: ${read.why}`)

  const reportLimited = limited(report)
  const problem = (line: number, column: number, message: string) =>
    reportLimited({ severity: 'error', file: path, line, column, message })
  const source = sourceText(read.bytes)
  if ('problem' in source) {
    problem(source.line, source.column, source.problem)
    return people
  }
  const [header = '', ...rows] = source.text.split(/\r?\n/)
  if (rows.length > MAX_ENTRIES + 1) {
    return refuse(`${path} has more than ${MAX_ENTRIES} lines: remove the people who use no VPN`)
  }
  const columns = fieldsOf(header)
  if (typeof columns === 'string') {
    problem(1, 1, columns)
    return people
  }
  const titles = columns.map((title) => title.trim().toLowerCase())
  const missing = COLUMNS.filter((column) => !titles.includes(column))
  if (missing.length > 0) {
    problem(1, 1, `there is no column ${missing.map((column) => `"${column}"`).join(' and ')}: ${HEADER}`)
    return people
  }
  const [nameAt, addressAt] = [titles.indexOf('name'), titles.indexOf('address')]

  const lineOf = new Map<string, number>()
  for (const [index, row] of rows.entries()) {
    const line = index + 2
    if (/^\s*(?:#|$)/.test(row)) continue
    const fields = fieldsOf(row)
    if (typeof fields === 'string') {
      problem(line, 1, fields)
      continue
    }
    if (fields.length !== titles.length) {
      problem(
        line,
        1,
        `this line has ${fields.length} fields, the first line has ${titles.length}: add or remove commas, or write quotes around a name with a comma`,
      )
      continue
    }
    const [name, address] = [fields[nameAt] ?? '', (fields[addressAt] ?? '').trim()]
    const hidden = hiddenCharacter(name)
    if (hidden !== undefined || isBlank(name)) {
      problem(line, columnOf(row, nameAt), hidden ?? 'this line has no name: write the name of the user')
      continue
    }
    if (!isMailAddress(address)) {
      const message = `${JSON.stringify(address)} is not a mail address: expected one such as alice@corp.example`
      problem(line, columnOf(row, addressAt), message)
      continue
    }
    const key = fold(name)
    const other = people.get(key)
    if (other !== undefined && fold(other) !== fold(address)) {
      const message = `${JSON.stringify(name)} already has the address ${other} in line ${lineOf.get(key)}: remove one of the two lines`
      problem(line, columnOf(row, nameAt), message)
      continue
    }
    if (other !== undefined) continue
    people.set(key, address)
    lineOf.set(key, line)
  }
  return people
}

/**
 * The fields of one line, or its problem. No name has a line break, so that each line is a record of its own. Most lines
 * have no quotes, and 100,000 of them are split in less time than a parser of CSV needs for a tenth of them.
 */
const fieldsOf = (row: string): readonly string[] | string => {
  if (!row.includes('"')) return row.split(',')
  try {
    const [fields = []] = parse(row, { relax_column_count: true }) as string[][]
    return fields
  } catch {
    return 'the quotes of this line do not match: write quotes around a whole field, and "" for a quote in it'
  }
}

/** The column of a field; that of the line where quotes make it uncertain. */
const columnOf = (row: string, field: number): number => {
  if (row.includes('"')) return 1
  return row.split(',').slice(0, field).join(',').length + (field === 0 ? 1 : 2)
}
