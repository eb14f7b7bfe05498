import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pLimit from 'p-limit'
import { afterAll, describe, expect, it } from 'vitest'
import { bundleSearch } from './planted.ts'
import { PLANTS } from './plants.ts'
import type { Scenario } from './scenario.ts'

// A test of the test: a world that notices nothing would hold every promise.

const WITHIN_MS = 140_000
/** Far more than any of them needs. */
const CYCLES = 60_000

// Below the project, so that packages are found from there.
mkdirSync('node_modules/.cache', { recursive: true })
const folder = mkdtempSync(join('node_modules/.cache', 'curfew-plants-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const run = promisify(execFile)
/** Each search keeps one core busy. */
const atOnce = pLimit(2)

/** What a search says, whatever its exit code. */
const said = async (file: string, seed: number, ...how: readonly string[]): Promise<string> => {
  const asked = [file, '--cycles', String(CYCLES), '--seed', String(seed), ...how]
  // One that notices nothing must not go on behind the test that failed.
  const { stdout } = await run(process.execPath, asked, { timeout: WITHIN_MS }).catch(
    (error: { stdout: string }) => error,
  )
  return stdout
}

describe('a planted bug is noticed', () => {
  it.concurrent.each(PLANTS)(
    '$bug',
    async (plant) => {
      const file = join(folder, `${PLANTS.indexOf(plant)}.mjs`)
      await bundleSearch(file, plant)
      const text = await atOnce(() => said(file, plant.seed, '--first'))
      const [, promise] = /^broken promise: (.*)$/m.exec(text) ?? []
      expect(plant.breaks).toContain(promise)
    },
    150_000,
  )
})

it('the seed that shows a bug is printed, and shrinks to a world in which little happens', async () => {
  const [plant] = PLANTS.filter(({ breaks }) => breaks.includes('never faster than the rate'))
  if (plant === undefined) throw new Error('no such plant')
  const file = join(folder, 'shrinks.mjs')
  await bundleSearch(file, plant)
  const text = await said(file, plant.seed, '--shrink-seconds', '10')
  expect(text).toContain(`broken with --seed ${plant.seed}: never faster than the rate: `)
  const [, world = '{}'] = /^the smallest world found that shows it:\n(\{[\s\S]*?\n\})$/m.exec(text) ?? []
  const { happenings } = JSON.parse(world) as Scenario
  expect(happenings.length).toBeLessThan(20)
}, 150_000)
