import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { type MonthOptions, syntheticMonth } from './synthetic-month/month.ts'

// npm run synthetic-month -- [--seed N] [--people N] [--days N] [--from DATE] FILE: writes the connection log of a company
// that does not exist. 23,000 people have about a million sessions in 31 days.

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    people: { type: 'string', default: '400' },
    days: { type: 'string', default: '31' },
    from: { type: 'string', default: '2026-10-01' },
  },
})
const [file] = positionals
const options: MonthOptions = {
  seed: Number(values.seed),
  people: Number(values.people),
  days: Number(values.days),
  from: values.from,
}
if (file === undefined || ![options.seed, options.people, options.days].every(Number.isInteger)) {
  console.error('Usage: npm run synthetic-month -- [--seed N] [--people N] [--days N] [--from DATE] FILE')
  process.exit(64)
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

await pipeline(Readable.from(pieces(syntheticMonth(options))), createWriteStream(file))
