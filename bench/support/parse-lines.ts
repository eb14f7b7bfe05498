import { createReadStream } from 'node:fs'

// The floor of a backtest: reads a file of one JSON object a line, and parses each line.

const [file = ''] = process.argv.slice(2)
let rest = ''
let lines = 0
for await (const chunk of createReadStream(file, { encoding: 'utf8', highWaterMark: 1 << 18 })) {
  const parts = (rest + String(chunk)).split('\n')
  rest = parts.pop() ?? ''
  for (const part of parts) {
    JSON.parse(part)
    lines++
  }
}
process.stdout.write(`${lines}\n`)
