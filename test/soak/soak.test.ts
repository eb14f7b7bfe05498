import { expect, it } from 'vitest'
import { soak } from './soak.ts'

// The short one; `npm run soak -- --minutes 62 --clients 5000` is the long one.
it('the daemon goes through kills, stops, edits and a faulty AWS, and ends those who must go and nobody else', async () => {
  const report = await soak({ minutes: 0.3, clients: 800, seed: 20261128, say: () => {}, interim: async () => {} })
  expect(report.problems).toEqual([])
  for (const count of ['kills', 'stops', 'edits', 'brokenEdits', 'banEdits', 'hangUps', 'confirmed'] as const)
    expect([count, report.counts[count]]).not.toEqual([count, 0])
  expect(report.counts.reloadRefused).toBe(report.counts.brokenEdits)
  expect(Object.keys(report.outside.faults).length).toBeGreaterThan(5)
  expect(report.outside.calls).toBeGreaterThan(50)
  expect(report.trail?.said).toContain('the chain is whole')
}, 120_000)
