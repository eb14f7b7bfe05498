import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { HOUR } from '../../src/domain/time/instant.ts'
import { workspace } from './curfew.ts'
import { AGE_POLICY, curfewYaml, isTermination, OFFICE, startOffice, terminatedIds } from './office.ts'

/** Preloaded into the process. While the file `disk-fault` exists, every write fails with the code in that file. */
const FAULTY_DISK = `
import { existsSync, readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
const handle = await open('/dev/null')
const files = Object.getPrototypeOf(handle)
await handle.close()
for (const method of ['appendFile', 'writeFile']) {
  const real = files[method]
  files[method] = async function (data, ...rest) {
    if (!existsSync('disk-fault')) return real.call(this, data, ...rest)
    const code = readFileSync('disk-fault', 'utf8')
    // A disk that fills up still writes a part.
    if (code === 'ENOSPC') await real.call(this, data.subarray?.(0, 10) ?? data.slice(0, 10), ...rest)
    throw Object.assign(new Error(code + ': write'), { code })
  }
}
`

describe.concurrent.each([
  ['ENOSPC', 'the disk is full'],
  ['EROFS', 'the disk is read-only'],
  ['EDQUOT', 'the quota is used up'],
])('a disk that refuses writes (%s)', (code, words) => {
  it('stops terminations with errors in the log, and they resume when the disk accepts records again', async () => {
    let folder = ''
    const unrecorded: string[] = []
    await using office = await startOffice(
      {},
      {
        intercept: (request) => {
          if (!isTermination(request)) return undefined
          const { ConnectionId: id = '' } = request.params
          const lines = readFileSync(join(folder, 'data/audit.jsonl'), 'utf8').split('\n')
          if (!lines.some((line) => line.includes('"event":"intent"') && line.includes(id))) unrecorded.push(id)
          return undefined
        },
      },
    )
    const connect = (username: string) => office.world.connect({ endpointId: OFFICE, username, ageMs: 9 * HOUR })
    await using here = await workspace({
      'policies.yaml': AGE_POLICY,
      'curfew.yaml': curfewYaml('mode: enforce\npoll: { schedule: "* * * * * *", minGap: 1s }'),
      'faulty-disk.mjs': FAULTY_DISK,
    })
    folder = here.folder
    const preload = pathToFileURL(join(folder, 'faulty-disk.mjs')).href
    await using running = here.start(['run', '-c', 'curfew.yaml'], {
      ...office.env,
      NODE_OPTIONS: `--import=${preload}`,
    })
    const before = connect('before')
    await running.untilLogged('termination', ({ connectionId }) => connectionId === before)

    writeFileSync(join(folder, 'disk-fault'), code)
    const meanwhile = ['alice', 'bob', 'carol'].map(connect)
    const unwritable = await running.untilLogged('unwritable', ({ what }) => what === 'audit')
    expect(unwritable.level).toBe('error')
    expect(unwritable.msg).toContain(words)
    expect(unwritable.msg).toContain('audit.jsonl')
    expect((await running.untilLogged('unwritable', ({ what }) => what === 'state')).level).toBe('error')
    // Several attempts, also after the pause: still no call is sent.
    await running.until(
      () => running.log().filter(({ event, why }) => event === 'call-withdrawn' && why === 'no-record')[5],
    )
    expect(terminatedIds(office)).toEqual([before])
    const url = running.log().find((line) => typeof line.url === 'string')?.url
    const metrics = await (await fetch(`${String(url)}/metrics`)).text()
    expect(metrics).toMatch(/curfew_audit_records_total\{outcome="failed"\} [1-9]/)

    rmSync(join(folder, 'disk-fault'))
    for (const what of ['audit', 'state']) await running.untilLogged('writable', (line) => line.what === what)
    for (const id of meanwhile) await running.untilLogged('termination', ({ connectionId }) => connectionId === id)
    running.child.kill('SIGTERM')
    expect(await running.exited).toBe(0)
    expect(running.stderr).toBe('')
    expect(terminatedIds(office).toSorted()).toEqual([before, ...meanwhile].toSorted())
    expect(unrecorded).toEqual([])
    const verified = await here.run(['audit', 'verify', 'data/audit.jsonl'])
    expect(verified.stderr).toBe('')
    expect(verified.code).toBe(0)
  })
})

describe('a trail that cannot be opened', () => {
  it('is reported at the start in one clear line, with exit code 1', async () => {
    await using office = await startOffice()
    await using here = await workspace({
      'policies.yaml': AGE_POLICY,
      'curfew.yaml': curfewYaml('mode: enforce'),
      data: 'a file where a folder is wanted',
    })
    const { code, stderr } = await here.run(['run', '-c', 'curfew.yaml'], office.env)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^curfew: [^\n]*audit\.jsonl[^\n]*\n$/)
    expect(office.requests).toEqual([])
  })
})
