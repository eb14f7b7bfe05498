import { readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openAuditTrail } from '../../../src/adapters/audit/audit-trail.ts'
import { type Holder, thisProcess } from '../../../src/adapters/audit/holder.ts'
import type { Clock } from '../../../src/app/clock.ts'
import { DAY, SECOND } from '../../../src/domain/time/instant.ts'
import { createManualClock, settled } from '../../app/manual-clock.ts'
import { AT, folder, idsOf, readChain, record } from './chain.ts'

const plant = (file: string, holder: Holder | string) =>
  writeFileSync(`${file}.lock`, typeof holder === 'string' ? holder : JSON.stringify(holder))

const expectToOpen = async (file: string) => {
  const trail = await openAuditTrail({ file })
  await trail.write([record('a')])
  await trail.close()
  expect(idsOf(readChain(file))).toEqual(['a'])
  expect(readdirSync(dirname(file))).toEqual(['audit.jsonl'])
}

/** Opens with a clock whose waits for a sign of life pass at once. `onSecond` gets the number of seconds waited. */
const openAndWait = async (file: string, onSecond: (second: number) => void = () => {}) => {
  let seconds = 0
  const clock: Pick<Clock, 'sleep'> = {
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (ms > SECOND) {
          signal.addEventListener('abort', () => resolve(), { once: true })
          return
        }
        onSecond(++seconds)
        setImmediate(resolve)
      }),
  }
  const waits: string[] = []
  const opened = await openAuditTrail({ file, clock, onWait: (message) => waits.push(message) }).then(
    (trail) => ({ trail, refused: undefined }),
    (refused: Error) => ({ trail: undefined, refused }),
  )
  return { ...opened, waits, seconds: () => seconds }
}

describe('the lock of an audit file', () => {
  it('names process, host and start time, is readable by its owner alone, and is removed at the close', async () => {
    using at = folder()
    const trail = await openAuditTrail({ file: at.file })
    const { pid, host } = await thisProcess()
    const held = JSON.parse(readFileSync(`${at.file}.lock`, 'utf8')) as Holder
    expect(held).toMatchObject({ pid, host })
    expect(Date.parse(held.startedAt)).toBeLessThan(Date.now())
    expect(statSync(`${at.file}.lock`).mode & 0o777).toBe(0o600)
    await trail.close()
    expect(readdirSync(at.path)).toEqual(['audit.jsonl'])
  })

  it('refuses to open the file twice in one process, and the first trail still works', async () => {
    using at = folder()
    const trail = await openAuditTrail({ file: at.file })
    await expect(openAuditTrail({ file: at.file })).rejects.toMatchObject({ name: 'AuditError', code: 'locked' })
    expect(readdirSync(at.path).sort()).toEqual(['audit.jsonl', 'audit.jsonl.lock'])
    await trail.write([record('a')])
    await trail.close()
  })

  it('is taken over at once from a process that has ended, even if another process has its pid now', async () => {
    const me = await thisProcess()
    const dead: readonly Holder[] = [
      { ...me, pid: 2 ** 22 - 1, startTicks: '1' },
      { ...me, startTicks: '1' },
    ]
    for (const holder of dead) {
      using at = folder()
      plant(at.file, holder)
      await expectToOpen(at.file)
    }
  })

  it('is taken over from a process that died during a takeover', async () => {
    using at = folder()
    const dead = { ...(await thisProcess()), startTicks: '1' }
    plant(at.file, dead)
    writeFileSync(`${at.file}.lock.takeover`, JSON.stringify({ ...dead, id: 'another' }))
    await expectToOpen(at.file)
  })

  it('is taken over from another machine or container, or an unknown holder, after 30 s without a sign of life', async () => {
    const me = await thisProcess()
    for (const holder of [{ ...me, host: 'other', space: 'other' }, '', 'not ours', '{"pid":"1"}']) {
      using at = folder()
      plant(at.file, holder)
      const { trail, waits, seconds } = await openAndWait(at.file)
      expect(seconds()).toBe(30)
      expect(waits).toHaveLength(1)
      await trail?.close()
      expect(readdirSync(at.path)).toEqual(['audit.jsonl'])
    }
  })

  it('stays with another machine at the first sign of life', async () => {
    using at = folder()
    plant(at.file, { ...(await thisProcess()), host: 'other-host', space: 'other' })
    const { refused, seconds } = await openAndWait(at.file, (second) => {
      if (second === 29) utimesSync(`${at.file}.lock`, AT / 1000, AT / 1000)
    })
    expect(seconds()).toBe(29)
    expect(refused).toMatchObject({ code: 'locked' })
    expect(refused?.message).toContain('other-host')
    expect(readdirSync(at.path)).toEqual(['audit.jsonl.lock'])
  })

  it('is acquired as soon as another machine releases it', async () => {
    using at = folder()
    plant(at.file, { ...(await thisProcess()), space: 'other' })
    const { trail, seconds } = await openAndWait(at.file, (second) => {
      if (second === 3) rmSync(`${at.file}.lock`)
    })
    expect(seconds()).toBe(3)
    await trail?.close()
  })

  it('shows a sign of life every five seconds', async () => {
    using at = folder()
    const clock = createManualClock(AT)
    const trail = await openAuditTrail({ file: at.file, clock })
    const shownAt = () => statSync(`${at.file}.lock`).mtimeMs
    for (let beat = 0; beat < 3; beat++) {
      utimesSync(`${at.file}.lock`, 0, 0)
      await clock.advance(5 * SECOND)
      while (shownAt() === 0) await settled()
      expect(shownAt()).toBeGreaterThan(AT - 365 * DAY)
    }
    await trail.close()
  })

  it('is found to be lost with the next sign of life, without a write', async () => {
    using at = folder()
    const clock = createManualClock(AT)
    const trail = await openAuditTrail({ file: at.file, clock })
    const lost = new Promise((resolve) => trail.lost.addEventListener('abort', resolve))
    writeFileSync(`${at.file}.other`, 'another holder')
    renameSync(`${at.file}.other`, `${at.file}.lock`)
    await clock.advance(5 * SECOND)
    await lost
    expect(await trail.held()).toBe(false)
    await trail.close()
  })

  it('is not lost by its own release', async () => {
    using at = folder()
    const trail = await openAuditTrail({ file: at.file })
    expect(await trail.held()).toBe(true)
    await trail.close()
    expect(await trail.held()).toBe(false)
    expect(trail.lost.aborted).toBe(false)
  })

  it('stops all writes once another process has taken it over, and is left to that process', async () => {
    using at = folder()
    const trail = await openAuditTrail({ file: at.file })
    await trail.write([record('a')])
    writeFileSync(`${at.file}.other`, 'another holder')
    renameSync(`${at.file}.other`, `${at.file}.lock`)
    expect(trail.lost.aborted).toBe(false)
    await expect(trail.write([record('b')])).rejects.toMatchObject({ code: 'unwritable' })
    expect(trail.lost.aborted).toBe(true)
    await trail.close()
    expect(readFileSync(`${at.file}.lock`, 'utf8')).toBe('another holder')
    expect(idsOf(readChain(at.file))).toEqual(['a'])
  })
})
