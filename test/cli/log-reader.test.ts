import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { HOUR } from '../../src/domain/time/instant.ts'
import { CLEAN_ENV, MAIN, workspace } from './curfew.ts'
import { AGE_POLICY, curfewYaml, isTermination, OFFICE, startOffice, terminatedIds } from './office.ts'

const files = {
  'curfew.yaml': curfewYaml('mode: enforce\npoll: { schedule: "* * * * * *", minGap: 1s }'),
  'policies.yaml': AGE_POLICY,
}

/** A simulated office that tells when a connection is terminated. */
const startWatchedOffice = async () => {
  const waiting = new Map<string, () => void>()
  const office = await startOffice(
    {},
    {
      intercept: (request) => {
        if (isTermination(request)) waiting.get(request.params.ConnectionId ?? '')?.()
        return undefined
      },
    },
  )
  return {
    ...office,
    /** Connects a user whose session is overdue, and waits for the call that ends it. */
    async untilTerminated(username: string): Promise<string> {
      const id = office.world.connect({ endpointId: OFFICE, username, ageMs: 9 * HOUR })
      await new Promise<void>((resolve) => waiting.set(id, resolve))
      return id
    },
  }
}

/** Runs a command whose standard output or standard error is a file, such as `/dev/full`. */
const startInto = (
  folder: string,
  args: readonly string[],
  env: object,
  into: { stdout?: string; stderr?: string },
) => {
  const open = (path: string | undefined) => (path === undefined ? ('pipe' as const) : openSync(path, 'a'))
  const [stdout, stderr] = [open(into.stdout), open(into.stderr)]
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    env: { ...CLEAN_ENV, ...env },
    stdio: ['ignore', stdout, stderr],
  })
  for (const stream of [stdout, stderr]) if (stream !== 'pipe') closeSync(stream)
  let complaints = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaints += text))
  const exited = once(child, 'close').then(([code]) => code as number | null)
  return { child, exited, complaints: () => complaints }
}

/** The trail ends with a stop, and its lock is gone. */
const expectOrderlyStop = (folder: string) => {
  expect(readFileSync(join(folder, 'data/audit.jsonl'), 'utf8')).toContain('"event":"stop"')
  expect(existsSync(join(folder, 'data/audit.jsonl.lock'))).toBe(false)
}

describe('curfew run enforces without its log', () => {
  it('when the reader of the log goes away', async () => {
    await using office = await startWatchedOffice()
    await using here = await workspace(files)
    await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
    await running.untilLogged('decided')
    running.child.stdout.destroy()
    const ended = [await office.untilTerminated('bob'), await office.untilTerminated('carol')]
    running.child.kill('SIGTERM')
    expect(await running.exited).toBe(0)
    expect(running.stderr).toContain('EPIPE')
    expect(terminatedIds(office)).toEqual(ended)
    expectOrderlyStop(here.folder)
  })

  it('when the disk of the log is full, also that of standard error', async () => {
    await using office = await startWatchedOffice()
    await using here = await workspace(files)
    const running = startInto(here.folder, ['run', '-c', 'curfew.yaml'], office.env, {
      stdout: '/dev/full',
      stderr: '/dev/full',
    })
    const ended = [await office.untilTerminated('bob'), await office.untilTerminated('carol')]
    running.child.kill('SIGTERM')
    expect(await running.exited).toBe(0)
    expect(terminatedIds(office)).toEqual(ended)
    expectOrderlyStop(here.folder)
  })

  it('when nobody reads the log, and stops on SIGTERM all the same', async () => {
    await using office = await startWatchedOffice()
    await using here = await workspace(files)
    await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
    await running.untilLogged('decided')
    const url = running.log().find((line) => typeof line.url === 'string')?.url
    // Nothing reads from here on. The names fill the pipe and the buffer of this process.
    running.child.stdout.pause()
    for (let index = 0; index < 60; index++) {
      office.world.connect({ endpointId: OFFICE, username: `${index}-${'x'.repeat(1000)}`, ageMs: 9 * HOUR })
    }
    const last = await office.untilTerminated('bob')
    expect(terminatedIds(office)).toContain(last)
    expect(await (await fetch(`${String(url)}/metrics`)).text()).toContain('curfew_log_lines_dropped_total 0')
    running.child.kill('SIGTERM')
    const [code] = (await once(running.child, 'exit')) as [number]
    expect(code).toBe(0)
    expectOrderlyStop(here.folder)
    running.child.stdout.resume()
  })
})

describe('a command whose output cannot be written', () => {
  it('says so and exits with 1 if the disk is full', async () => {
    await using here = await workspace(files)
    const running = startInto(here.folder, ['schema', 'policies'], {}, { stdout: '/dev/full' })
    expect(await running.exited).toBe(1)
    expect(running.complaints()).toMatch(/^curfew: the output is incomplete[^\n]*ENOSPC[^\n]*\n$/)
  })

  it('exits with 0 if the reader has read enough, as head does', async () => {
    await using here = await workspace(files)
    await using running = here.start(['schema', 'policies'])
    running.child.stdout.destroy()
    expect(await running.exited).toBe(0)
    expect(running.stderr).toBe('')
  })

  it('keeps its exit code if standard error cannot be written', async () => {
    await using here = await workspace({ ...files, 'policies.yaml': 'version: 2\n' })
    const running = startInto(here.folder, ['run', '-c', 'curfew.yaml'], {}, { stderr: '/dev/full' })
    expect(await running.exited).toBe(1)
  })
})
