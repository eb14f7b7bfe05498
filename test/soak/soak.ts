import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createRandom } from '../../src/simulator/random.ts'
import { curfewYaml } from './configuration.ts'
import { type Counts, noCounts } from './counts.ts'
import { type Flatness, flatnessOf } from './flatness.ts'
import { createLives, type Lives } from './lives.ts'
import { type Sample, startMeasuring } from './measuring.ts'
import type { Summary } from './outside.ts'
import { startOutside } from './outside-process.ts'
import { createSteps, ROUND } from './steps.ts'
import { readTrail, type TrailReport } from './trail.ts'

export interface SoakOptions {
  readonly minutes: number
  readonly clients: number
  readonly seed: number
  /** Told as it goes on. */
  readonly say: (text: string) => void
  /** What is known so far, every few minutes. */
  readonly interim: (report: Report) => Promise<void>
}

export interface Report {
  readonly options: Pick<SoakOptions, 'minutes' | 'clients' | 'seed'>
  readonly minutes: number
  readonly counts: Counts
  readonly outside: Summary
  /** Undefined: it goes on. */
  readonly trail: TrailReport | undefined
  /** Undefined: too short to say. */
  readonly flatness: Flatness | undefined
  /** How long after the faults everybody was gone who must be. */
  readonly settledMs: number | undefined
  /** Empty: all is well. */
  readonly problems: readonly string[]
  readonly samples: readonly Sample[]
}

/** The share of a long soak in which nothing ends the process, so that growth could show. */
const STEADY = { from: 0.2, to: 0.85, leastMinutes: 10 }

/** In sixteen steps, so many with faults. */
const FAULTY_STEPS = 12

/** How long after the faults everybody must be gone, and what is then still on its way. */
const SETTLED_WITHIN_MS = 150_000
const ON_ITS_WAY_MS = 20_000

export const soak = async ({ minutes, clients, seed, say, interim }: SoakOptions): Promise<Report> => {
  const folder = await mkdtemp(join(tmpdir(), 'curfew-soak-'))
  const path = (name: string) => join(folder, name)
  await mkdir(path('data'))
  const problems: string[] = []
  const complain = (text: string) => {
    problems.push(text)
    say(`PROBLEM ${text}`)
  }
  const counts = noCounts()
  const outside = await startOutside(clients, seed, path('data/audit.jsonl'))
  await writeFile(path('curfew.yaml'), curfewYaml(outside.hookUrl))
  const random = createRandom(seed).world
  const steps = await createSteps({ path, lives: () => lives, outside, random, counts, complain })
  const lives: Lives = await createLives(folder, outside.url, counts, complain)
  const measuring = startMeasuring(lives, path('data/state.json'), counts, Math.min(5000, minutes * 1000))

  const startedAt = Date.now()
  const elapsed = () => (Date.now() - startedAt) / (minutes * 60_000)
  const isSteady = () => minutes >= STEADY.leastMinutes && elapsed() > STEADY.from && elapsed() < STEADY.to
  const reportOf = (summary: Summary, settledMs?: number, trail?: TrailReport): Report => ({
    options: { minutes, clients, seed },
    minutes: (Date.now() - startedAt) / 60_000,
    counts,
    outside: summary,
    trail,
    flatness: flatnessOf(measuring.samples),
    settledMs,
    problems: [...problems, ...summary.wrong],
    samples: measuring.samples,
  })

  const stepMs = Math.min(15_000, minutes * 1000)
  for (let step = 0; elapsed() < 1 || step < ROUND; step++) {
    const phase = step % 16
    if (phase === 0) counts.faultPhases++
    if (phase === 0 || phase === FAULTY_STEPS) {
      await outside.setFaults(phase === 0)
      say(`${Math.round(elapsed() * 100)} %: faults ${phase === 0 ? 'on' : 'off'}, ${JSON.stringify(counts)}`)
      await interim(reportOf(await outside.summary()))
    }
    await pause(stepMs / 2 + random.within({ from: 0, to: stepMs }))
    await steps.next(isSteady())
  }

  await outside.setFaults(false)
  const calmAt = Date.now()
  let settledMs: number | undefined
  while (settledMs === undefined && Date.now() - calmAt < SETTLED_WITHIN_MS) {
    await pause(500)
    if ((await outside.overdue(ON_ITS_WAY_MS)).length === 0) settledMs = Date.now() - calmAt
  }
  if (settledMs === undefined)
    complain(`${SETTLED_WITHIN_MS} ms after the faults: ${(await outside.overdue(ON_ITS_WAY_MS)).join(', ')}`)
  if (!(await lives.current().healthy())) complain('/healthz does not answer at the end')
  await measuring.stop()
  const summary = await outside.summary()
  await lives.end('SIGTERM')
  await outside.stop()

  const trail = await readTrail(path('data'))
  if (!trail.verified) complain(`the audit trail does not verify: ${trail.said}`)
  if (counts.healthMissed > counts.healthAsked / 50)
    complain(`/healthz did not answer ${counts.healthMissed} times of ${counts.healthAsked}`)
  for (const measure of flatnessOf(measuring.samples)?.grown ?? []) complain(`${measure} grows`)
  const report = reportOf(summary, settledMs, trail)
  if (report.problems.length === 0) await rm(folder, { recursive: true })
  else say(`kept: ${folder}`)
  return report
}
