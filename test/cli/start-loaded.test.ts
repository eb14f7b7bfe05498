import { describe, expect, it } from 'vitest'
import { workspace } from './curfew.ts'
import { dateFormats, listingLoaded, loadedCode } from './loaded.ts'
import { AGE_POLICY, curfewYaml, startOffice } from './office.ts'

const FILES = { 'curfew.yaml': curfewYaml(), 'policies.yaml': AGE_POLICY }

/** Loading takes most of the time of a start, and depends on the bytes and the number of the files. */
const sizeOf = async (place: { readonly folder: string }) => {
  const files = await loadedCode(place)
  return { files: files.length, bytes: files.reduce((sum, { length }) => sum + length, 0) }
}

describe.concurrent('of the bundle of 3.6 MB', () => {
  it('validate loads 0.8 MB in 40 files at most, and no calendar', async () => {
    await using here = await workspace(FILES)
    // In a process of its own: one that runs several commands would go on listing their modules here.
    await using validate = here.start(['validate', '-c', 'curfew.yaml'], listingLoaded(here))
    expect(await validate.exited).toBe(0)
    const { files, bytes } = await sizeOf(here)
    expect(files).toBeGreaterThan(1)
    expect(files).toBeLessThanOrEqual(40)
    expect(bytes).toBeLessThanOrEqual(800_000)
    expect(await dateFormats(here)).toBe(0)
  })

  it('a cycle of run loads 1.8 MB in 90 files at most, and no calendar', async () => {
    await using office = await startOffice()
    await using here = await workspace(FILES)
    const env = { ...office.env, ...listingLoaded(here) }
    expect((await here.run(['run', '--once', '-c', 'curfew.yaml'], env)).code).toBe(0)
    const { files, bytes } = await sizeOf(here)
    expect(files).toBeLessThanOrEqual(90)
    expect(bytes).toBeGreaterThan(800_000)
    expect(bytes).toBeLessThanOrEqual(1_800_000)
    expect(await dateFormats(here)).toBe(0)
  })
})
