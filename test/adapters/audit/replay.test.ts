import { appendFile, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openAuditTrail } from '../../../src/adapters/audit/audit-trail.ts'
import { rotatedName } from '../../../src/adapters/audit/file-names.ts'
import { replay } from '../../../src/adapters/audit/replay.ts'
import type { OutcomeRecord, ReplayedRecord } from '../../../src/app/audit.ts'
import { HOUR, MINUTE } from '../../../src/domain/time/instant.ts'
import { AT, folder } from './chain.ts'
import { audited, extended, intent, outcome } from './replayed-records.ts'

const replayed = async (file: string, since: number) => {
  const found: ReplayedRecord[] = []
  await replay(
    file,
    () => since,
    (record) => found.push(record),
  )
  return found
}

describe('the replay of a trail', () => {
  it('gives the intents, outcomes and extensions since an instant, in their order and with all their fields', async () => {
    using at = folder()
    const trail = await openAuditTrail({ file: at.file })
    const gaveUp: OutcomeRecord = { ...outcome('lost', AT + 3), event: 'gave-up', outcome: 'gave-up' }
    await trail.write([
      intent('too-old', AT - 1),
      intent('one', AT),
      audited('two', AT + 1),
      outcome('one', AT + 2),
      { time: AT + 2, event: 'stop', policySetHash: 'hash' },
      gaveUp,
      extended('three', AT + 4),
    ])
    await trail.close()
    expect(await replayed(at.file, AT)).toEqual([
      intent('one', AT),
      outcome('one', AT + 2),
      gaveUp,
      extended('three', AT + 4),
    ])
  })

  it('reads rotated files too, as far back as the instant, also through a link', async () => {
    using at = folder()
    const trail = await openAuditTrail({ file: at.file, rotateAtBytes: 1500 })
    const times = Array.from({ length: 40 }, (_, index) => AT - 2 * HOUR + index * 3 * MINUTE)
    for (const time of times) await trail.write([intent(`at-${time}`, time)])
    await trail.close()
    const link = join(at.path, 'link.jsonl')
    await symlink(at.file, link)
    for (const since of [AT - HOUR, AT - 3 * HOUR, AT]) {
      const expected = times.filter((time) => time >= since)
      expect((await replayed(at.file, since)).map(({ time }) => time)).toEqual(expected)
      expect((await replayed(link, since)).map(({ time }) => time)).toEqual(expected)
    }
    // What was moved away is not missed.
    const [oldest = ''] = (await readdir(at.path)).filter((name) => /jsonl\.\d/.test(name)).sort()
    await rm(join(at.path, oldest))
    const left = await replayed(at.file, AT - 3 * HOUR)
    expect(left.map(({ time }) => time)).toEqual(times.slice(times.length - left.length))
    expect(left.length).toBeLessThan(times.length)
  })

  it('asks since when by the time of the newest record, also after a rotation and before a torn end', async () => {
    using at = folder()
    const newest = async () => {
      let found: number | undefined
      await replay(
        at.file,
        (newestAt = 0) => (found = newestAt),
        () => {},
      )
      return found
    }
    const trail = await openAuditTrail({ file: at.file })
    await trail.write([intent('one', AT), { time: AT + 2, event: 'stop', policySetHash: 'hash' }])
    await trail.close()
    expect(await newest()).toBe(AT + 2)
    await appendFile(at.file, '{"seq":3,"time":"2026')
    expect(await newest()).toBe(AT + 2)
    await rename(at.file, rotatedName(at.file, 1, 2))
    await writeFile(at.file, '')
    expect(await newest()).toBe(AT + 2)
    await rm(rotatedName(at.file, 1, 2))
    expect(await newest()).toBe(0)
  })

  it('gives nothing of a trail that does not exist', async () => {
    using at = folder()
    expect(await replayed(at.file, AT)).toEqual([])
  })
})
