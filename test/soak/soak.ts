import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createRandom } from '../../src/simulator/random.ts'
import { BROKEN_EDITS, curfewYaml, policiesYaml } from './configuration.ts'
import { type Daemon, MAIN, startDaemon } from './daemon.ts'
import { type Flatness, flatnessOf, type Sample } from './flatness.ts'
import type { Summary } from './outside.ts'
import { startOutside } from './outside-process.ts'
import { BANNABLE } from './population.ts'

export interface SoakOptions {
  readonly minutes: number
  readonly clients: number
  readonly seed: number
  /** Told as it goes on. */
  readonly say: (text: string) => void
  /** What is known so far, every few minutes. */
  readonly interim: (report: Omit<Report, 'audit'>) => Promise<void>
}

type Count =
  | 'kills'
  | 'stops'
  | 'edits'
  | 'brokenEdits'
  | 'banEdits'
  | 'hangUps'
  | 'faultPhases'
  | 'reloaded'
  | 'reloadRefused'
  | 'confirmed'
  | 'alreadyGone'
  | 'failed'
  | 'gaveUp'
  | 'blind'
  | 'pollsFailed'
  | 'healthAsked'
  | 'healthMissed'

export interface Report {
  readonly options: Pick<SoakOptions, 'minutes' | 'clients' | 'seed'>
  readonly minutes: number
  readonly counts: Readonly<Record<Count, number>>
  readonly outside: Summary
  readonly audit: {
    readonly verified: boolean
    readonly said: string
    readonly endedBy: Readonly<Record<string, number>>
  }
  /** Undefined: too short to say. */
  readonly flatness: Flatness | undefined
  readonly settledMs: number | undefined
  /** Empty: all is well. */
  readonly problems: readonly string[]
  readonly samples: readonly Sample[]
}

/** Of its time, this much at the beginning is without kills, so that growth could show; it is in the middle. */
const STEADY = { from: 0.2, to: 0.85 }

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** How long after the faults stop everybody must be gone, and what is then still on its way. */
const SETTLED_WITHIN_MS = 150_000
const ON_ITS_WAY_MS = 20_000

export const soak = async (options: SoakOptions): Promise<Report> => {
  const { minutes, clients, seed, say, interim } = options
  const folder = await mkdtemp(join(tmpdir(), 'curfew-soak-'))
  const path = (name: string) => join(folder, name)
  await mkdir(path('data'))
  const random = createRandom(seed).world
  const upTo = (most: number) => random.within({ from: 0, to: most - 1 })
  const outside = await startOutside(clients, seed, path('data/audit.jsonl'))

  const counts: Record<Count, number> = {
    kills: 0,
    stops: 0,
    edits: 0,
    brokenEdits: 0,
    banEdits: 0,
    hangUps: 0,
    faultPhases: 0,
    reloaded: 0,
    reloadRefused: 0,
    confirmed: 0,
    alreadyGone: 0,
    failed: 0,
    gaveUp: 0,
    blind: 0,
    pollsFailed: 0,
    healthAsked: 0,
    healthMissed: 0,
  }
  const problems: string[] = []
  const complain = (text: string) => {
    problems.push(text)
    say(`PROBLEM ${text}`)
  }
  const samples: Sample[] = []
  const startedAt = Date.now()
  const endsAt = startedAt + minutes * 60_000
  const share = () => (Date.now() - startedAt) / (minutes * 60_000)

  const outcomes: Readonly<Record<string, Count>> = {
    confirmed: 'confirmed',
    'already-gone': 'alreadyGone',
    failed: 'failed',
    'gave-up': 'gaveUp',
  }
  const events: Readonly<Record<string, Count>> = {
    reloaded: 'reloaded',
    'reload-refused': 'reloadRefused',
    blind: 'blind',
    'poll-failed': 'pollsFailed',
  }

  const setBanned = async (names: readonly string[]) => {
    await outside.setBanned(names)
    await writeFile(path('banned.txt'), `# leavers\n${names.join('\n')}\n`)
  }
  let edit = 0
  await writeFile(path('policies.yaml'), policiesYaml(edit))
  await writeFile(path('curfew.yaml'), curfewYaml(outside.hookUrl))
  await setBanned(BANNABLE.slice(0, 3))

  let generation = 0
  const start = async (): Promise<Daemon> => {
    const started = startDaemon(folder, outside.url, ++generation, ({ event = '', outcome = '' }) => {
      const count = event === 'termination' ? outcomes[outcome] : events[event]
      if (count !== undefined) counts[count]++
    })
    void started.exited.then(({ code, signal }) => {
      if (started.isWanted())
        complain(`life ${started.generation} ended by itself: ${code ?? signal} ${started.stderr()}`)
    })
    if (!(await started.listening(30_000))) complain(`life ${started.generation} does not listen: ${started.stderr()}`)
    return started
  }
  let daemon = await start()

  const end = async (signal: 'SIGKILL' | 'SIGTERM') => {
    const old = daemon
    const beganAt = Date.now()
    old.signal(signal)
    const { code } = await old.exited
    if (signal === 'SIGKILL') {
      counts.kills++
      return
    }
    counts.stops++
    if (code !== 0) complain(`stopped with ${code}: ${old.stderr()}`)
    if (Date.now() - beganAt > 12_000) complain(`it took ${Date.now() - beganAt} ms to stop`)
  }
  const restart = async (signal: 'SIGKILL' | 'SIGTERM') => {
    await end(signal)
    await pause(upTo(2000))
    daemon = await start()
  }

  /** Does something to the files, or to the process, and waits until the log has an answer. */
  const answered = async (event: string, act: () => Promise<void> | void) => {
    const heard = daemon.seen(event, 20_000)
    await act()
    if (!(await heard)) complain(`"${event}" was not logged within 20 s`)
  }

  const steps = {
    kill: () => restart('SIGKILL'),
    stop: () => restart('SIGTERM'),
    async edit() {
      counts.edits++
      await answered('reloaded', () => writeFile(path('policies.yaml'), policiesYaml(++edit)))
    },
    async brokenEdit() {
      counts.brokenEdits++
      const breakIt = BROKEN_EDITS[upTo(BROKEN_EDITS.length)] ?? String
      await answered('reload-refused', () => writeFile(path('policies.yaml'), breakIt(policiesYaml(edit))))
      await answered('reloaded', () => writeFile(path('policies.yaml'), policiesYaml(edit)))
    },
    async banEdit() {
      counts.banEdits++
      const from = upTo(BANNABLE.length)
      const names = [...BANNABLE, ...BANNABLE].slice(from, from + 1 + upTo(6))
      await answered('reloaded', () => setBanned([...names, `nobody-${counts.banEdits}`]))
    },
    async hangUp() {
      counts.hangUps++
      await answered('reloaded', () => daemon.signal('SIGHUP'))
    },
  }
  const gentle = ['edit', 'brokenEdit', 'banEdit', 'banEdit', 'hangUp'] as const
  const rough = [...gentle, 'kill', 'kill', 'kill', 'kill', 'stop'] as const

  const measure = async () => {
    const before = daemon
    const [resources, healthy] = await Promise.all([before.resources(), before.healthy()])
    if (before !== daemon || !before.isWanted()) return
    counts.healthAsked++
    if (!healthy) counts.healthMissed++
    const stateBytes = await stat(path('data/state.json')).then(
      ({ size }) => size,
      () => 0,
    )
    if (resources !== undefined)
      samples.push({ atMs: Date.now() - startedAt, generation: before.generation, stateBytes, ...resources })
  }
  let measuring = Promise.resolve()
  const measureEvery = setInterval(() => (measuring = measuring.then(measure)), Math.min(5000, minutes * 1000))

  const reportSoFar = (summary: Summary, settledMs: number | undefined): Omit<Report, 'audit'> => ({
    options: { minutes, clients, seed },
    minutes: (Date.now() - startedAt) / 60_000,
    counts,
    outside: summary,
    flatness: flatnessOf(samples),
    settledMs,
    problems,
    samples,
  })
  let faultsOn = false
  const setFaults = async (on: boolean) => {
    faultsOn = on
    if (on) counts.faultPhases++
    await outside.setFaults(on)
    say(`${Math.round(share() * 100)} %: faults ${on ? 'on' : 'off'}, ${JSON.stringify(counts)}`)
  }
  const stepMs = Math.min(15_000, Math.max(1500, minutes * 1000))
  for (let step = 0; Date.now() < endsAt; step++) {
    // Twelve steps with faults, then four without.
    const on = step % 16 < 12
    if (on !== faultsOn) await setFaults(on)
    if (step % 16 === 15) await interim(reportSoFar(await outside.summary(), undefined))
    await pause(stepMs / 2 + upTo(stepMs))
    const steady = share() > STEADY.from && share() < STEADY.to
    const choices: ReadonlyArray<keyof typeof steps> = steady ? gentle : rough
    await steps[choices[upTo(choices.length)] ?? 'edit']()
  }

  await setFaults(false)
  const calmAt = Date.now()
  let settledMs: number | undefined
  let late: readonly string[] = []
  while (settledMs === undefined && Date.now() - calmAt < SETTLED_WITHIN_MS) {
    await pause(500)
    late = await outside.overdue(ON_ITS_WAY_MS)
    if (late.length === 0) settledMs = Date.now() - calmAt
  }
  if (settledMs === undefined) complain(`still connected ${SETTLED_WITHIN_MS} ms after the faults: ${late.join(', ')}`)
  if (!(await daemon.healthy())) complain('/healthz does not answer')
  clearInterval(measureEvery)
  await measuring
  const summary = await outside.summary()
  await end('SIGTERM')
  await outside.stop()
  problems.push(...summary.wrong)

  const files = (await readdir(path('data'))).filter(
    (name) => name.startsWith('audit.jsonl') && !/lock|torn/.test(name),
  )
  const verified = await promisify(execFile)(process.execPath, [
    MAIN,
    'audit',
    'verify',
    ...files.map((name) => path(`data/${name}`)),
  ]).then(
    ({ stdout }) => ({ verified: true, said: stdout }),
    (error: { stdout?: string; stderr?: string }) => ({ verified: false, said: `${error.stdout}${error.stderr}` }),
  )
  if (!verified.verified) complain(`the audit trail does not verify: ${verified.said}`)
  const endedBy: Record<string, number> = {}
  for (const line of (await readFile(path('data/audit.jsonl'), 'utf8')).split('\n')) {
    if (line === '') continue
    const { event, outcome, reason = '' } = JSON.parse(line) as { event: string; outcome?: string; reason?: string }
    if (event === 'outcome' && outcome === 'confirmed') endedBy[reason] = (endedBy[reason] ?? 0) + 1
  }
  if (counts.healthMissed > counts.healthAsked / 50)
    complain(`/healthz was missed ${counts.healthMissed} times of ${counts.healthAsked}`)
  for (const measure of flatnessOf(samples)?.grown ?? []) complain(`${measure} grows`)
  if (problems.length === 0) await rm(folder, { recursive: true })
  else say(`kept: ${folder}`)
  return { ...reportSoFar(summary, settledMs), audit: { ...verified, endedBy } }
}
