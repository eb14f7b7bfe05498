import { createWriteStream } from 'node:fs'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { type MonthOptions, syntheticMonth } from './synthetic-month/month.ts'

// npm run synthetic-month -- [--seed N] [--people N] [--days N] [--from DATE] FILE: writes the connection log of a company
// that does not exist. 23,000 people have about a million sessions in 31 days.

const USAGE = `Usage: npm run synthetic-month -- [--seed N] [--people N] [--days N] [--from DATE] FILE
Writes the connection log of a company that does not exist into FILE, which must not be a folder. DATE is such as 2026-10-01.`

const fail = (problem: string, code: 1 | 64): never => {
  console.error(problem)
  process.exit(code)
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const readArguments = () => {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        seed: { type: 'string', default: '1' },
        people: { type: 'string', default: '400' },
        days: { type: 'string', default: '31' },
        from: { type: 'string', default: '2026-10-01' },
      },
    })
  } catch (error) {
    return fail(`${messageOf(error)}\n${USAGE}`, 64)
  }
}

const { values, positionals } = readArguments()
if (values.help) {
  console.log(USAGE)
  process.exit(0)
}
const [file = fail(`expected FILE\n${USAGE}`, 64), ...others] = positionals
if (others.length > 0) fail(`expected one FILE, found ${positionals.join(' ')}\n${USAGE}`, 64)
const wholeNumber = (option: 'seed' | 'people' | 'days'): number => {
  const written = values[option]
  return /^\d{1,9}$/.test(written)
    ? Number(written)
    : fail(`--${option}: expected a whole number, found "${written}"`, 64)
}
const options: MonthOptions = {
  seed: wholeNumber('seed'),
  people: wholeNumber('people'),
  days: wholeNumber('days'),
  from: values.from,
}
if (!/^\d{4}-\d{2}-\d{2}$/.test(options.from) || Number.isNaN(Date.parse(options.from))) {
  fail(`--from: expected a date such as 2026-10-01, found "${options.from}"`, 64)
}

/** Few large pieces: a write for each line takes longer than to make it. */
function* pieces(lines: Iterable<string>): Generator<string> {
  let piece = ''
  for (const line of lines) {
    piece += `${line}\n`
    if (piece.length < 1 << 18) continue
    yield piece
    piece = ''
  }
  yield piece
}

try {
  await pipeline(Readable.from(pieces(syntheticMonth(options))), createWriteStream(file))
} catch (error) {
  // A fault of the file system has a code. Another one is a fault of the script, and needs its stack.
  if (!(error instanceof Error && 'code' in error)) throw error
  const isMissing = error.code === 'ENOENT'
  fail(isMissing ? `${file}: the folder ${dirname(file)} does not exist` : `${file}: ${error.message}`, 1)
}
