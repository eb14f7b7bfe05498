import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import pg from 'pg'
import { READER_ROLE } from '../src/adapters/postgres/migration-script.ts'
import { MINUTE, SECOND } from '../src/domain/time/instant.ts'
import { startCluster } from '../test/engine/cluster.ts'
import { createCurfewDatabase } from '../test/engine/curfew-database.ts'
import { panelsOf } from '../test/house/dashboard-queries.ts'
import { openCompany } from '../test/prometheus/company.ts'
import { eventually } from '../test/prometheus/eventually.ts'
import { startPrometheus } from '../test/prometheus/prometheus.ts'
import { byHand, byServiceMonitor } from '../test/prometheus/scrape.ts'
import { answersOf } from './dashboards-preview/answer.ts'
import { sqlAnswersOf } from './dashboards-preview/answer-in-sql.ts'
import { draw, page } from './dashboards-preview/page.ts'
import { sampleRange, samplesOf } from './dashboards-preview/sample.ts'

// npm run dashboards:preview [FOLDER]: runs two daemons against a simulated AWS through a day of a few minutes on which
// everything goes wrong, asks a real Prometheus and a real PostgreSQL the queries of the panels, and draws the
// dashboards as HTML pages. In the place of CloudWatch, which cannot be asked, there are samples.

const [folder = 'reports/dashboards'] = process.argv.slice(2)
const CALM_MS = MINUTE
const DASHBOARDS = ['operations', 'policies', 'connect-handler', 'people']

const cluster = await startCluster()
await using _stopped = { [Symbol.asyncDispose]: () => cluster.stop() }
const database = await createCurfewDatabase(cluster)
await using company = await openCompany(database.url)
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
// The first bar is whole.
const range = { from: Math.floor(from / MINUTE) * MINUTE, to: Date.now(), stepMs: SECOND, scrapeIntervalMs: SECOND }
const samples = sampleRange(range.to)
await cluster.sql(`create role grafana login in role ${READER_ROLE}`)
const reader = new pg.Client({ connectionString: cluster.url(database.name, 'grafana') })
await reader.connect()
await using _ended = { [Symbol.asyncDispose]: () => reader.end() }

await mkdir(folder, { recursive: true })
for (const name of DASHBOARDS) {
  const dashboard = JSON.parse(await readFile(`deploy/grafana/dashboards/${name}.json`, 'utf8')) as Dashboard
  const answers = new Map([
    ...(await answersOf(dashboard, prometheus, range)),
    ...(await sqlAnswersOf(dashboard, reader, range)),
    ...samplesOf(dashboard, samples),
  ])
  const drawings = new Map(
    panelsOf(dashboard).map((panel) => {
      const found = answers.get(panel.title ?? '') ?? []
      const isSample = found.some((answer) => answer.isSample === true)
      return [panel, { ...draw(panel, found, isSample ? samples : range), isSample }]
    }),
  )
  const file = join(folder, `${name}.html`)
  await writeFile(
    file,
    page(dashboard, (panel) => drawings.get(panel) ?? { content: '', marks: 0, isSample: false }),
  )
  const empty = [...drawings].filter(([, { marks }]) => marks === 0).map(([{ title }]) => title)
  console.log(`${file}: ${drawings.size} panels${empty.length === 0 ? '' : `, without a mark: ${empty.join(', ')}`}`)
}
