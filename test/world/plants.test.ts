import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pLimit from 'p-limit'
import { afterAll, describe, expect, it } from 'vitest'
import { IS_NIGHTLY } from '../nightly.ts'
import { bundleSearch } from './planted.ts'
import { PLANTS } from './plants.ts'
import type { Scenario } from './scenario.ts'

// A test of the test. A world that detects nothing would also report that every promise holds.

/** A search that hangs ends by then. */
const WITHIN_MS = 20 * 60_000
/** Far more cycles than any plant needs. */
const CYCLES = 60_000

// A folder inside the project, so that its packages can be resolved.
mkdirSync('node_modules/.cache', { recursive: true })
const folder = mkdtempSync(join('node_modules/.cache', 'curfew-plants-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const run = promisify(execFile)
/** Each search uses one core. */
const atOnce = pLimit(2)

/** The output of a search, whatever its exit code. */
const outputOf = async (file: string, seed: number, ...options: readonly string[]): Promise<string> => {
  const args = [file, '--cycles', String(CYCLES), '--seed', String(seed), ...options]
  // A search that detects nothing must not continue after its test has failed.
  const { stdout } = await run(process.execPath, args, { timeout: WITHIN_MS }).catch(
    (error: { stdout: string }) => error,
  )
  return stdout
}

describe('a planted bug is detected', () => {
  it.concurrent.each(IS_NIGHTLY ? PLANTS : PLANTS.filter(({ always }) => always))(
    '$bug',
    async (plant) => {
      const file = join(folder, `${PLANTS.indexOf(plant)}.mjs`)
      await bundleSearch(file, plant)
      const text = await atOnce(() =>
        outputOf(file, plant.seed, '--first', ...(plant.replicas === true ? ['--replicas'] : [])),
      )
      const [, promise] = /^broken promise: (.*)$/m.exec(text) ?? []
      expect(plant.breaks).toContain(promise)
    },
    2 * WITHIN_MS,
  )
})

const SHRUNK = 'calls never exceed the rate'

it.each(IS_NIGHTLY ? PLANTS.filter(({ breaks }) => breaks.includes(SHRUNK)).slice(0, 1) : [])(
  'prints the seed that shows that $bug, and shrinks it to a world with few happenings',
  async (plant) => {
    const file = join(folder, 'shrinks.mjs')
    await bundleSearch(file, plant)
    const text = await outputOf(file, plant.seed, '--shrink-seconds', '60')
    expect(text).toContain(`broken with --seed ${plant.seed}: ${SHRUNK}: `)
    const [, world = '{}'] = /^the smallest world found that shows it:\n(\{[\s\S]*?\n\})$/m.exec(text) ?? []
    const { happenings } = JSON.parse(world) as Scenario
    expect(happenings.length).toBeLessThan(20)
  },
  WITHIN_MS,
)
