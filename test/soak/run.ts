import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { soak } from './soak.ts'
import { tableOf } from './table.ts'

// npm run soak -- [--minutes N] [--clients N] [--seed N] [--report FILE]: the exit code is 1 if there are problems.

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    clients: { type: 'string', default: '4000' },
    seed: { type: 'string', default: '1' },
    report: { type: 'string', default: 'soak.json' },
  },
})

const write = (report: unknown) => writeFile(values.report, `${JSON.stringify(report, null, 1)}\n`)

const report = await soak({
  minutes: Number(values.minutes),
  clients: Number(values.clients),
  seed: Number(values.seed),
  interim: write,
  log: (text) => process.stdout.write(`${new Date().toISOString()} ${text}\n`),
})
await write(report)
process.stdout.write(tableOf(report))
process.exitCode = report.problems.length === 0 ? 0 : 1
