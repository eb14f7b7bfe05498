import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { MINUTE, SECOND } from '../src/domain/time/instant.ts'
import { panelsOf } from '../test/house/dashboard-queries.ts'
import { openCompany } from '../test/prometheus/company.ts'
import { eventually } from '../test/prometheus/eventually.ts'
import { startPrometheus } from '../test/prometheus/prometheus.ts'
import { byHand, byServiceMonitor } from '../test/prometheus/scrape.ts'
import { answersOf } from './dashboards-preview/answer.ts'
import { draw, page } from './dashboards-preview/page.ts'

// npm run dashboards:preview [FOLDER]: runs two daemons against a simulated AWS through a day of a few minutes on which
// everything goes wrong, asks a real Prometheus the queries of every panel, and draws the dashboards as HTML pages.

const [folder = 'reports/dashboards'] = process.argv.slice(2)
const CALM_MS = MINUTE
const DASHBOARDS = ['operations', 'policies', 'connect-handler']

await using company = await openCompany()
const { head, branch } = await company.addresses()
// Nothing listens at the address of Alertmanager: the page shows no alerts.
await using prometheus = await startPrometheus([byServiceMonitor(head), byHand(branch)], '127.0.0.1:9')
const from = Date.now()
const until = (query: string) =>
  eventually(
    () => prometheus.query(query),
    (found) => found.length > 0,
  )

await until('sum(curfew_terminations_total{outcome="confirmed"}) >= 2')
await pause(CALM_MS)
await company.goWrong()
await until('ALERTS{alertname="CurfewReconnectLoop", alertstate="firing"}')
company.endReconnects()
await until('ALERTS{alertname="CurfewQueueLong", alertstate="firing"}')
await pause(CALM_MS)
const range = { from, to: Date.now(), stepMs: SECOND, scrapeIntervalMs: SECOND }

await mkdir(folder, { recursive: true })
for (const name of DASHBOARDS) {
  const dashboard = JSON.parse(await readFile(`deploy/grafana/dashboards/${name}.json`, 'utf8')) as Dashboard
  const answers = await answersOf(dashboard, prometheus, range)
  const drawn = new Map(
    panelsOf(dashboard).map((panel) => [panel, draw(panel, answers.get(panel.title ?? '') ?? [], range)]),
  )
  const file = join(folder, `${name}.html`)
  await writeFile(
    file,
    page(dashboard, (panel) => drawn.get(panel) ?? { content: '', marks: 0 }),
  )
  const empty = [...drawn].filter(([, { marks }]) => marks === 0).map(([{ title }]) => title)
  console.log(`${file}: ${drawn.size} panels${empty.length === 0 ? '' : `, without a mark: ${empty.join(', ')}`}`)
}
