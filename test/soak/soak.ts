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
  /** Receives a line about the progress now and then. */
  readonly log: (text: string) => void
  /** Receives a report every few minutes. */
  readonly interim: (report: Report) => Promise<void>
}

export interface Report {
  readonly options: Pick<SoakOptions, 'minutes' | 'clients' | 'seed'>
  readonly minutes: number
  readonly counts: Counts
  readonly outside: Summary
  /** Undefined while the soak runs. */
  readonly trail: TrailReport | undefined
  /** Undefined if the soak is too short to measure growth. */
  readonly flatness: Flatness | undefined
  /** The time from the last fault until every overdue connection had ended. Undefined if some never did. */
  readonly settledMs: number | undefined
  /** Empty if the daemon kept all its promises. */
  readonly problems: readonly string[]
  readonly samples: readonly Sample[]
}

/** The part of a long soak in which nothing ends the process, so that growth can show. */
const STEADY = { from: 0.2, to: 0.85, leastMinutes: 10 }

/** Faults are on during the first twelve of every sixteen steps. */
const FAULTY_STEPS = 12

/** After the faults every overdue connection must end within this bound, which finds a daemon that hangs. */
const SETTLED_WITHIN_MS = 900_000
/** A connection that became due this short a time ago is not overdue: its termination is in progress. */
const IN_PROGRESS_MS = 20_000

/** Runs a soak. Keeps its folder and logs the path if there are problems. */
export const soak = async ({ minutes, clients, seed, log, interim }: SoakOptions): Promise<Report> => {
  const folder = await mkdtemp(join(tmpdir(), 'curfew-soak-'))
  const path = (name: string) => join(folder, name)
  await mkdir(path('data'))
  const problems: string[] = []
  const addProblem = (text: string) => {
    problems.push(text)
    log(`PROBLEM ${text}`)
  }
  const counts = noCounts()
  const outside = await startOutside(clients, seed, path('data/audit.jsonl'))
  await writeFile(path('curfew.yaml'), curfewYaml(outside.hookUrl))
  const random = createRandom(seed).world
  const steps = await createSteps({ path, lives: () => lives, outside, random, counts, addProblem })
  const lives: Lives = await createLives(folder, outside.url, counts, addProblem)
  const measuring = startMeasuring(lives, path('data/state.json'), counts, Math.min(5000, minutes * 1000))

  const startedAt = Date.now()
  const elapsed = () => (Date.now() - startedAt) / (minutes * 60_000)
  // A short soak measures the warm-up, which always grows.
  const flatness = () => (minutes >= STEADY.leastMinutes ? flatnessOf(measuring.samples) : undefined)
  const isSteady = () => minutes >= STEADY.leastMinutes && elapsed() > STEADY.from && elapsed() < STEADY.to
  const reportOf = (summary: Summary, settledMs?: number, trail?: TrailReport): Report => ({
    options: { minutes, clients, seed },
    minutes: (Date.now() - startedAt) / 60_000,
    counts,
    outside: summary,
    trail,
    flatness: flatness(),
    settledMs,
    problems: [...problems, ...summary.mistakes],
    samples: measuring.samples,
  })

  const stepMs = Math.min(15_000, minutes * 1000)
  for (let step = 0; elapsed() < 1 || step < ROUND; step++) {
    const phase = step % 16
    if (phase === 0) counts.faultPhases++
    if (phase === 0 || phase === FAULTY_STEPS) {
      await outside.setFaults(phase === 0)
      log(`${Math.round(elapsed() * 100)} %: faults ${phase === 0 ? 'on' : 'off'}, ${JSON.stringify(counts)}`)
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
    if ((await outside.overdue(IN_PROGRESS_MS)).length === 0) settledMs = Date.now() - calmAt
  }
  if (settledMs === undefined) {
    const overdue = (await outside.overdue(IN_PROGRESS_MS)).join(', ')
    addProblem(`${SETTLED_WITHIN_MS} ms after the last fault these connections are overdue: ${overdue}`)
  }
  if (!(await lives.current().healthy())) addProblem('/healthz does not answer at the end')
  await measuring.stop()
  const summary = await outside.summary()
  await lives.end('SIGTERM')
  await outside.stop()

  const trail = await readTrail(path('data'))
  if (!trail.verified) addProblem(`the verification of the audit trail fails: ${trail.output}`)
  if (counts.healthMissed > counts.healthAsked / 50)
    addProblem(`/healthz did not answer ${counts.healthMissed} of ${counts.healthAsked} requests`)
  for (const measure of flatness()?.grown ?? []) addProblem(`${measure} grew by more than noise`)
  const report = reportOf(summary, settledMs, trail)
  if (report.problems.length === 0) await rm(folder, { recursive: true })
  else log(`the files of the daemon are in ${folder}`)
  return report
}
