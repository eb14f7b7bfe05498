import { readdirSync, readFileSync, renameSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openAuditTrail } from '../../../src/adapters/audit/audit-trail.ts'
import { inOrder } from '../../../src/adapters/audit/trail-parts.ts'
import { verifyChain } from '../../../src/adapters/audit/verify-chain.ts'
import { AUDIT_EVENTS, type AuditRecord, type OutcomeRecord } from '../../../src/app/audit.ts'
import { anyText } from '../../any-text.ts'
import { fuzzRuns } from '../../fuzz-runs.ts'
import { AT, folder, idsOf, readChain, record } from './chain.ts'
import { DiskFault, type Step, standInDisk } from './stand-in-disk.ts'

const FULL: OutcomeRecord = {
  time: AT,
  event: 'outcome',
  endpointId: 'cvpn-endpoint-0123456789abcdef0',
  account: '111122223333',
  region: 'eu-central-1',
  connectionId: 'cvpn-connection-0123456789abcdef0',
  username: 'alice',
  commonName: 'alice.corp.example',
  policy: 'leavers',
  alsoBy: ['office-hours'],
  reason: 'banned',
  because: 'is banned',
  since: AT - 1,
  deadline: AT + 1,
  call: { id: 'c1', selector: 'username' },
  requestId: 'r1',
  outcome: 'confirmed',
  policySetHash: 'abc',
}

/** Texts that are hard for JSON, for UTF-8 or for a format of lines. */
const awkwardText = fc.oneof(
  anyText({ maxLength: 40 }),
  fc.constantFrom('\n', '\r\n', '"', '\\', '\u2028', '\u0000', '\ud800', '\udc00x', '👋', '{"seq":1,"time":"', ''),
)
/** Any event with any fields: the trail writes what it is given. */
const anyRecord = fc
  .record(
    {
      time: fc.integer({ min: 0, max: 8.64e15 }),
      event: fc.constantFrom(...AUDIT_EVENTS),
      connectionId: awkwardText,
      username: fc.option(awkwardText, { nil: undefined }),
      because: awkwardText,
      alsoBy: fc.array(awkwardText, { maxLength: 3 }),
      since: fc.constantFrom(AT, Infinity, -Infinity, undefined),
    },
    { requiredKeys: ['time', 'event'] },
  )
  .map((fields) => fields as AuditRecord & Pick<typeof fields, 'connectionId'>)

describe('the audit trail', () => {
  it('writes the keys in a fixed order and instants as ISO 8601, and leaves out absent keys', async () => {
    using at = folder()
    const trail = await openAuditTrail({ file: at.file })
    await trail.write([
      FULL,
      { time: AT, event: 'stop', policySetHash: 'abc' },
      { ...FULL, account: undefined, username: undefined, since: -Infinity, deadline: Infinity, requestId: undefined },
    ])
    await trail.close()
    const [first = '', second = '', third = ''] = readFileSync(at.file, 'utf8').split('\n')
    const keysOf = (line: string) => Object.keys(JSON.parse(line) as object)
    const keys =
      'seq time event endpointId account region connectionId username commonName policy alsoBy reason because since deadline call requestId outcome policySetHash prev'
    expect(keysOf(first)).toEqual(keys.split(' '))
    expect(JSON.parse(first)).toMatchObject({
      seq: 1,
      time: '2026-12-01T08:00:00.000Z',
      since: '2026-12-01T07:59:59.999Z',
      deadline: '2026-12-01T08:00:00.001Z',
      call: { id: 'c1', selector: 'username' },
      prev: '0'.repeat(64),
    })
    expect(keysOf(second)).toEqual(['seq', 'time', 'event', 'policySetHash', 'prev'])
    expect(keysOf(third)).toEqual(keys.replace(/ (account|username|since|deadline|requestId)\b/g, '').split(' '))
    expect(statSync(at.file).mode & 0o777).toBe(0o600)
  })

  it('keeps every record in order through rotations and restarts', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.array(anyRecord, { maxLength: 4 }), { maxLength: 6 }), { maxLength: 4 }),
        fc.integer({ min: 1, max: 2000 }),
        fc.boolean(),
        async (runs, rotateAtBytes, together) => {
          using at = folder()
          for (const writes of runs) {
            const trail = await openAuditTrail({ file: at.file, rotateAtBytes })
            expect(trail.repaired).toBeUndefined()
            const writing = writes.map((records) => () => trail.write(records))
            if (together) await Promise.all(writing.map((write) => write()))
            else for (const write of writing) await write()
            await trail.close()
          }
          const written = runs.flat(2)
          expect(idsOf(readChain(at.file))).toEqual(written.map(({ connectionId }) => asStored(connectionId)))
          const files = auditFiles(at.path)
          for (const file of files) expectNameToMatchLines(file)
          const report = await verifyChain(await inOrder(files.reverse()))
          expect(report.fault).toBeUndefined()
          expect(report.records).toBe(written.length)
        },
      ),
      { numRuns: 40 },
    )
  })

  it('rotates a file before it grows beyond its greatest size', async () => {
    using at = folder()
    const trail = await openAuditTrail({ file: at.file, rotateAtBytes: 1000 })
    for (let index = 0; index < 50; index++) await trail.write([record(`c${index}`)])
    await trail.close()
    const sizes = auditFiles(at.path).map((file) => statSync(file).size)
    expect(sizes.length).toBeGreaterThan(5)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1000)
    // All files but the last are full: a line has less than 200 bytes, so one more would not have fit.
    expect(Math.min(...sizes.slice(1))).toBeGreaterThan(800)
  })

  it('creates the folder with access for the owner alone', async () => {
    using at = folder()
    const file = join(at.path, 'var', 'lib', 'audit.jsonl')
    const trail = await openAuditTrail({ file })
    await trail.close()
    expect(statSync(join(at.path, 'var', 'lib')).mode & 0o777).toBe(0o700)
  })

  it('has the same head as a later start and a check', async () => {
    using at = folder()
    const trail = await openAuditTrail({ file: at.file })
    expect(trail.head()).toEqual({ seq: 0, hash: '0'.repeat(64) })
    await trail.write([record('a'), record('b')])
    const head = trail.head()
    await trail.close()
    const again = await openAuditTrail({ file: at.file })
    expect(again.head()).toEqual(head)
    await again.close()
    expect((await verifyChain(await inOrder([at.file]))).head).toEqual(head)
    expect(head.seq).toBe(2)
  })

  it('puts writes of the same turn into one sync', async () => {
    using at = folder()
    const steps: Step[] = []
    const trail = await openAuditTrail({ file: at.file, disk: standInDisk((step) => void steps.push(step)) })
    steps.length = 0
    await Promise.all(['a', 'b', 'c'].map((id) => trail.write([record(id)])))
    expect(steps).toEqual(['append', 'datasync'])
    await trail.close()
  })

  it('puts writes that arrive during a sync into the next sync, in order', async () => {
    using at = folder()
    const steps: Step[] = []
    let release: () => void = () => {}
    const released = new Promise<void>((resolve) => (release = resolve))
    let reached: () => void = () => {}
    const syncing = new Promise<void>((resolve) => (reached = resolve))
    const disk = standInDisk(async (step) => {
      steps.push(step)
      if (step !== 'datasync') return
      reached()
      await released
    })
    const trail = await openAuditTrail({ file: at.file, disk })
    steps.length = 0
    const acknowledged: string[] = []
    const write = (id: string) => trail.write([record(id)]).then(() => acknowledged.push(id))
    const ids = Array.from({ length: 60 }, (_, index) => `c${index}`)
    const early = ids.slice(0, 20).map(write)
    await syncing
    const late = ids.slice(20).map(write)
    expect(acknowledged).toEqual([])
    release()
    await Promise.all([...early, ...late])
    await trail.close()
    expect(acknowledged).toEqual(ids)
    expect(steps).toEqual(['append', 'datasync', 'append', 'datasync'])
    expect(idsOf(readChain(at.file))).toEqual(ids)
  })

  it('finishes earlier writes before it closes, and refuses later ones', async () => {
    using at = folder()
    const trail = await openAuditTrail({ file: at.file })
    const early = trail.write([record('a')])
    const closing = trail.close()
    await expect(trail.write([record('b')])).rejects.toMatchObject({ code: 'unwritable' })
    await early
    await closing
    await trail.close()
    expect(idsOf(readChain(at.file))).toEqual(['a'])
    expect(readdirSync(at.path)).toEqual(['audit.jsonl'])
  })

  it('refuses only the records that no line can hold', async () => {
    using at = folder()
    const trail = await openAuditTrail({ file: at.file })
    const results = await Promise.allSettled([
      trail.write([record('a')]),
      trail.write([record('b', { because: 'x'.repeat(1024 * 1024) })]),
      trail.write([record('c', { time: Infinity })]),
      trail.write([record('d')]),
    ])
    await trail.close()
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled'])
    expect(idsOf(readChain(at.file))).toEqual(['a', 'd'])
  })

  it('continues after a rotated file if a crash happened before the next file began', async () => {
    for (const left of ['nothing', 'an empty file', 'a torn line'] as const) {
      using at = folder()
      const trail = await openAuditTrail({ file: at.file })
      await trail.write([record('a'), record('b')])
      await trail.close()
      renameSync(at.file, `${at.file}.000000000001-000000000002`)
      if (left === 'an empty file') writeFileSync(at.file, '')
      if (left === 'a torn line') writeFileSync(at.file, '{"seq":3,"time":"2026-12')
      const again = await openAuditTrail({ file: at.file })
      await again.write([record('c')])
      await again.close()
      expect(idsOf(readChain(at.file))).toEqual(['a', 'b', 'c'])
    }
  })

  it('continues in a new file after its file was moved away or emptied', async () => {
    using at = folder()
    const trail = await openAuditTrail({ file: at.file })
    await trail.write([record('a')])
    renameSync(at.file, `${at.file}.000000000001-000000000001`)
    await trail.write([record('b')])
    writeFileSync(`${at.file}.000000000002-000000000002`, readFileSync(at.file))
    truncateSync(at.file)
    await trail.write([record('c')])
    await trail.close()
    expect(idsOf(readChain(at.file))).toEqual(['a', 'b', 'c'])
  })

  it('writes nothing while its file is changed, and continues once the file is restored', async () => {
    using at = folder()
    const trail = await openAuditTrail({ file: at.file })
    await trail.write([record('a')])
    const own = readFileSync(at.file)
    writeFileSync(at.file, 'more\n', { flag: 'a' })
    await expect(trail.write([record('b')])).rejects.toMatchObject({ code: 'unwritable' })
    truncateSync(at.file, own.length - 1)
    await expect(trail.write([record('b')])).rejects.toMatchObject({ code: 'unwritable' })
    expect(readFileSync(at.file)).toEqual(own.subarray(0, -1))
    writeFileSync(`${at.file}.copy`, own)
    renameSync(at.file, `${at.file}.original`)
    renameSync(`${at.file}.copy`, at.file)
    await expect(trail.write([record('b')])).rejects.toMatchObject({ code: 'unwritable' })
    renameSync(`${at.file}.original`, at.file)
    writeFileSync(at.file, own)
    await trail.write([record('c')])
    await trail.close()
    expect(idsOf(readChain(at.file))).toEqual(['a', 'c'])
  })

  it('never overwrites an existing rotated file', async () => {
    using at = folder()
    const rotated = `${at.file}.000000000001-000000000001`
    const trail = await openAuditTrail({ file: at.file, rotateAtBytes: 1 })
    await trail.write([record('a')])
    writeFileSync(rotated, 'other content')
    await expect(trail.write([record('b')])).rejects.toMatchObject({ code: 'unwritable' })
    expect(readFileSync(rotated, 'utf8')).toBe('other content')
    renameSync(rotated, join(at.path, 'elsewhere'))
    await trail.write([record('c')])
    await trail.close()
    expect(idsOf(readChain(at.file))).toEqual(['a', 'c'])
  })

  it('refuses a path that cannot hold a file when it opens', async () => {
    using at = folder()
    writeFileSync(join(at.path, 'plain'), '')
    symlinkSync('circle', join(at.path, 'circle'))
    for (const path of [at.path, join(at.path, 'plain', 'audit.jsonl'), join(at.path, 'circle')]) {
      await expect(openAuditTrail({ file: path })).rejects.toMatchObject({ name: 'AuditError', code: 'unwritable' })
    }
  })
})

describe('the audit trail on a failing disk', () => {
  const STEPS = 40
  const anyFaults = fc.array(fc.option(fc.constantFrom('ENOSPC', 'EROFS', 'EIO')), {
    minLength: STEPS,
    maxLength: STEPS,
  })

  it('keeps exactly the records that it acknowledged, whichever steps fail', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyFaults,
        fc.array(fc.nat(300), { minLength: STEPS, maxLength: STEPS }),
        fc.integer({ min: 200, max: 1000 }),
        async (faults, lengths, rotateAtBytes) => {
          using at = folder()
          let count = 0
          const disk = standInDisk(async (_step, append) => {
            const code = faults[count]
            const length = lengths[count++] ?? 0
            if (code === null || code === undefined) return
            await append?.(length)
            throw new DiskFault(code)
          })
          const open = async () => {
            for (;;) {
              try {
                return await openAuditTrail({ file: at.file, rotateAtBytes, disk })
              } catch (error) {
                expect(error).toMatchObject({ name: 'AuditError', code: 'unwritable' })
              }
            }
          }
          const acknowledged: string[] = []
          let trail = await open()
          for (let index = 0, calmWrites = 0; calmWrites < 12; index++) {
            const calm = count >= STEPS
            if (calm) calmWrites++
            const ids = [`a${index}`, `b${index}`]
            const results = await Promise.allSettled(ids.map((id) => trail.write([record(id)])))
            const written = ids.filter((_, which) => results[which]?.status === 'fulfilled')
            if (calm) expect(written).toEqual(ids)
            acknowledged.push(...written)
            if (index % 10 === 9 && written.length === ids.length) {
              await trail.close()
              trail = await open()
            }
          }
          await trail.close()
          expect(idsOf(readChain(at.file))).toEqual(acknowledged)
          for (const file of auditFiles(at.path)) expectNameToMatchLines(file)
        },
      ),
      { numRuns: fuzzRuns(30) },
    )
  })

  it('removes the remains of its own failed write, and nothing that another program wrote later', async () => {
    using at = folder()
    let failing = true
    const disk = standInDisk(async (step, append) => {
      if (!failing || (step !== 'append' && step !== 'truncate')) return
      await append?.(20)
      throw new DiskFault('EROFS')
    })
    const trail = await openAuditTrail({ file: at.file, disk })
    await expect(trail.write([record('a')])).rejects.toMatchObject({ code: 'unwritable' })
    expect(statSync(at.file).size).toBe(20)
    failing = false
    await trail.write([record('b')])
    writeFileSync(at.file, 'more', { flag: 'a' })
    await expect(trail.write([record('c')])).rejects.toMatchObject({ code: 'unwritable' })
    expect(readFileSync(at.file, 'utf8')).toMatch(/\nmore$/)
    await trail.close()
  })

  it('writes no line into a new file before its name is on disk', async () => {
    using at = folder()
    const steps: Step[] = []
    let failing = false
    const disk = standInDisk((step) => {
      steps.push(step)
      if (failing && step === 'sync') throw new DiskFault('EIO')
    })
    const trail = await openAuditTrail({ file: at.file, disk, rotateAtBytes: 1 })
    await trail.write([record('a')])
    failing = true
    await expect(trail.write([record('b')])).rejects.toMatchObject({ code: 'unwritable' })
    failing = false
    steps.length = 0
    await trail.write([record('c')])
    expect(steps.indexOf('sync')).toBeGreaterThanOrEqual(0)
    expect(steps.indexOf('sync')).toBeLessThan(steps.indexOf('append'))
    await trail.close()
    expect(idsOf(readChain(at.file))).toEqual(['a', 'c'])
  })
})

const asStored = (text: string | undefined) =>
  text === undefined ? undefined : (JSON.parse(JSON.stringify(text)) as string)

/** The name of a rotated file holds the numbers of its first and last line. */
const expectNameToMatchLines = (file: string) => {
  const [, first, last] = /\.(\d+)-(\d+)$/.exec(file) ?? []
  if (first === undefined) return
  const seqs = readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { seq: number }).seq)
  expect([seqs[0], seqs.at(-1)]).toEqual([Number(first), Number(last)])
}

const auditFiles = (path: string) =>
  readdirSync(path)
    .sort()
    .map((name) => join(path, name))
