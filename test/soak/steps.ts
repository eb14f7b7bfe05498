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

/** So many steps have each thing among them. */
export const ROUND = ROUGH.length

/** A file is looked at every second and must stand still; the machine may be busy. */
const HEARD_WITHIN_MS = 60_000
const LONGEST_DOWN_MS = 2000

/** What is done to the daemon and its files, one thing after the other, each until the log has an answer. */
export const createSteps = async (options: {
  readonly path: (name: string) => string
  readonly lives: () => Lives
  readonly outside: Outside
  readonly random: Random
  readonly counts: Counts
  readonly complain: (text: string) => void
}) => {
  const { path, lives, outside, random, counts, complain } = options
  const below = (count: number) => random.within({ from: 0, to: count - 1 })
  let edit = 0

  const write = (text: string) => writeFile(path('policies.yaml'), text)
  const ban = async (names: readonly string[]) => {
    await outside.setBanned(names)
    await writeFile(path('banned.txt'), `# leavers\n${names.join('\n')}\n`)
  }
  const answered = async (event: string, act: () => unknown) => {
    const heard = lives().current().seen(event, HEARD_WITHIN_MS)
    await act()
    if (!(await heard)) complain(`"${event}" was not logged within ${HEARD_WITHIN_MS} ms`)
  }
  const restart = async (signal: 'SIGKILL' | 'SIGTERM') => {
    await lives().end(signal)
    await pause(below(LONGEST_DOWN_MS))
    await lives().begin()
  }

  await write(policiesYaml(edit))
  await ban(BANNABLE.slice(0, 3))

  const steps = {
    kill: () => restart('SIGKILL'),
    stop: () => restart('SIGTERM'),
    async edit() {
      counts.edits++
      await answered('reloaded', () => write(policiesYaml(++edit)))
    },
    async brokenEdit() {
      counts.brokenEdits++
      const broken = BROKEN_EDITS[counts.brokenEdits % BROKEN_EDITS.length]?.(policiesYaml(edit)) ?? ''
      await answered('reload-refused', () => write(broken))
      await answered('reloaded', () => write(policiesYaml(edit)))
    },
    async banEdit() {
      counts.banEdits++
      const from = below(BANNABLE.length)
      const names = [...BANNABLE, ...BANNABLE].slice(from, from + 1 + below(6))
      // With somebody who is new, so that each edit is one.
      await answered('reloaded', () => ban([...names, `nobody-${counts.banEdits}`]))
    },
    async hangUp() {
      counts.hangUps++
      await answered('reloaded', () => lives().current().signal('SIGHUP'))
    },
  }

  let deck: Array<keyof typeof steps> = []
  return {
    /** One of them, by chance; each comes in its turn. `gently`: none that ends the process. */
    async next(gently: boolean) {
      if (gently) deck = deck.filter((step) => step !== 'kill' && step !== 'stop')
      if (deck.length === 0) deck = [...(gently ? GENTLE : ROUGH)]
      const [step = 'edit'] = deck.splice(below(deck.length), 1)
      await steps[step]()
    },
  }
}
