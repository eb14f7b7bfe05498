import { parseArgs } from 'node:util'
import { backtest } from './backtest.ts'
import { calls } from './calls.ts'
import { connectHandler } from './connect-handler.ts'
import { cycle } from './cycle.ts'
import { decide } from './decide.ts'
import { edit } from './edit.ts'
import { engine } from './engine.ts'
import { lists } from './lists.ts'
import { manyPolicies } from './many-policies.ts'
import { massEnd } from './mass-end.ts'
import { poll } from './poll.ts'
import { resident } from './resident.ts'
import { start } from './start.ts'
import type { Options, Table } from './support/table.ts'
import { trail } from './trail.ts'
import { verify } from './verify.ts'

// npm run bench: runs all benchmarks. --quick only proves that they work, --only NAME runs one, --json prints JSON.

const BENCHES: Readonly<Record<string, (options: Options) => Promise<readonly Table[]>>> = {
  poll,
  verify,
  decide,
  cycle,
  lists,
  edit,
  resident,
  'mass-end': massEnd,
  calls,
  start,
  'many-policies': manyPolicies,
  trail,
  backtest,
  'connect-handler': connectHandler,
  engine,
}

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})
const options: Options = { quick: values.quick, rounds: Number(values.rounds ?? (values.quick ? 1 : 3)) }
if (values.only !== undefined && !(values.only in BENCHES))
  throw new Error(`unknown benchmark "${values.only}" after --only: expected one of ${Object.keys(BENCHES).join(', ')}`)

const tables: Table[] = []
const seconds: Array<{ readonly benchmark: string; readonly s: number }> = []
for (const [name, bench] of Object.entries(BENCHES)) {
  if (values.only !== undefined && values.only !== name) continue
  const startedAt = performance.now()
  const measured = await bench(options)
  seconds.push({ benchmark: name, s: Math.round((performance.now() - startedAt) / 1000) })
  for (const table of measured) {
    tables.push(table)
    if (values.json) continue
    console.log(`\n${table.title}`)
    console.table(table.rows)
    for (const note of table.notes ?? []) console.log(note)
  }
}
if (values.json) console.log(JSON.stringify({ node: process.version, ...options, seconds, tables }, null, 2))
else {
  console.log('\nthe time that each took')
  console.table(seconds)
  console.log(`medians of ${options.rounds} rounds, Node ${process.version}`)
}
