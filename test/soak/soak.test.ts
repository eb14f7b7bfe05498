import { expect, it } from 'vitest'
import { soak } from './soak.ts'

/** Nine starts of the daemon and a minute of waits; a busy machine may need fifty times the time of an idle one. */
const TIMEOUT_MS = 3_600_000

// A short soak. `npm run soak -- --minutes 62 --clients 5000` runs a long one.
it(
  'the daemon survives kills, stops, edits and a faulty AWS, and ends exactly the violating connections',
  async () => {
    const report = await soak({ minutes: 0.3, clients: 800, seed: 20261128, log: () => {}, interim: async () => {} })
    expect(report.problems).toEqual([])
    for (const count of ['kills', 'stops', 'edits', 'brokenEdits', 'banEdits', 'hangUps', 'confirmed'] as const)
      expect([count, report.counts[count]]).not.toEqual([count, 0])
    expect(report.counts.reloadRefused).toBe(report.counts.brokenEdits)
    expect(Object.keys(report.outside.faults).length).toBeGreaterThan(5)
    expect(report.outside.calls).toBeGreaterThan(50)
    expect(report.trail?.output).toContain('the chain is whole')
  },
  TIMEOUT_MS,
)
