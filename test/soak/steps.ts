import { writeFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import type { Random } from '../../src/simulator/random.ts'
import { BROKEN_EDITS, policiesYaml } from './configuration.ts'
import type { Counts } from './counts.ts'
import type { Lives } from './lives.ts'
import type { Outside } from './outside-process.ts'
import { BANNABLE } from './population.ts'

const GENTLE = ['edit', 'brokenEdit', 'banEdit', 'banEdit', 'hangUp'] as const
const ROUGH = [...GENTLE, 'kill', 'kill', 'kill', 'stop'] as const

/** A round of this many steps includes every kind of step. */
export const ROUND = ROUGH.length

/** The bound finds a daemon that hangs. An idle machine needs two seconds: the daemon checks its files every second. */
const LOGGED_WITHIN_MS = 300_000
const LONGEST_DOWN_MS = 2000

/** The changes to the daemon and its files. Each step waits until the daemon has logged its reaction. */
export const createSteps = async (options: {
  readonly path: (name: string) => string
  readonly lives: () => Lives
  readonly outside: Outside
  readonly random: Random
  readonly counts: Counts
  readonly addProblem: (text: string) => void
}) => {
  const { path, lives, outside, random, counts, addProblem } = options
  const below = (count: number) => random.within({ from: 0, to: count - 1 })
  let edit = 0
  let banned: readonly string[] = []

  const write = (text: string) => writeFile(path('policies.yaml'), text)
  /** Until `changed` has resolved, the daemon may know the old list or the new one. */
  const ban = async (names: readonly string[], changed: (write: () => Promise<void>) => Promise<void>) => {
    await outside.setBanned([...banned, ...names])
    await changed(() => writeFile(path('banned.txt'), `# leavers\n${names.join('\n')}\n`))
    await outside.setBanned(names)
    banned = names
  }
  const untilLogged = async (event: string, act: () => unknown) => {
    const isLogged = lives().current().logs(event, LOGGED_WITHIN_MS)
    await act()
    if (!(await isLogged)) addProblem(`the daemon did not log "${event}" within ${LOGGED_WITHIN_MS} ms`)
  }
  const restart = async (signal: 'SIGKILL' | 'SIGTERM') => {
    await lives().end(signal)
    await pause(below(LONGEST_DOWN_MS))
    await lives().begin()
  }

  await write(policiesYaml(edit))
  await ban(BANNABLE.slice(0, 3), (writeList) => writeList())

  const steps = {
    kill: () => restart('SIGKILL'),
    stop: () => restart('SIGTERM'),
    async edit() {
      counts.edits++
      await untilLogged('reloaded', () => write(policiesYaml(++edit)))
    },
    async brokenEdit() {
      counts.brokenEdits++
      const broken = BROKEN_EDITS[counts.brokenEdits % BROKEN_EDITS.length]?.(policiesYaml(edit)) ?? ''
      await untilLogged('reload-refused', () => write(broken))
      await untilLogged('reloaded', () => write(policiesYaml(edit)))
    },
    async banEdit() {
      counts.banEdits++
      const from = below(BANNABLE.length)
      const names = [...BANNABLE, ...BANNABLE].slice(from, from + 1 + below(6))
      // The new name makes each edit a change.
      await ban([...names, `nobody-${counts.banEdits}`], (writeList) => untilLogged('reloaded', writeList))
    },
    async hangUp() {
      counts.hangUps++
      await untilLogged('reloaded', () => lives().current().signal('SIGHUP'))
    },
  }

  let deck: Array<keyof typeof steps> = []
  return {
    /** Runs a random step; a round has each kind of step. With `gently`, no step ends the process. */
    async next(gently: boolean) {
      if (gently) deck = deck.filter((step) => step !== 'kill' && step !== 'stop')
      if (deck.length === 0) deck = [...(gently ? GENTLE : ROUGH)]
      const [step = 'edit'] = deck.splice(below(deck.length), 1)
      await steps[step]()
    },
  }
}
