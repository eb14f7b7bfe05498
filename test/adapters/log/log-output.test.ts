import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LogOutput } from '../../../src/adapters/log/log-output.ts'

const LINE = `${'x'.repeat(999)}\n`
/** More than what may wait, in lines of `LINE`. */
const TOO_MANY = 20_000

/** A named pipe with both ends open, neither of which blocks. */
const openPipe = () => {
  const folder = mkdtempSync(join(tmpdir(), 'curfew-'))
  const path = join(folder, 'pipe')
  execFileSync('/usr/bin/mkfifo', [path])
  const openReader = () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  let reader = openReader()
  const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
  const buffer = Buffer.alloc(1024 * 1024)
  return {
    writer,
    /** What can be read now. */
    read(): string {
      try {
        return buffer.toString('utf8', 0, readSync(reader, buffer))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return ''
        throw error
      }
    },
    leave: () => closeSync(reader),
    comeBack() {
      reader = openReader()
    },
    [Symbol.dispose]() {
      closeSync(reader)
      closeSync(writer)
      rmSync(folder, { recursive: true })
    },
  }
}

/** An output, and what it has reported so far. */
const observed = (fd: number) => {
  const output = new LogOutput(fd)
  const reports = { failed: [] as string[], dropped: 0, resumed: [] as number[] }
  output.on('failed', (code) => reports.failed.push(code))
  output.on('dropped', () => reports.dropped++)
  output.on('resumed', (lines) => reports.resumed.push(lines))
  return { output, reports }
}

describe('the output of the log', () => {
  it('drops whole lines while nobody reads, counts them, and says how many once they can be written again', async () => {
    using pipe = openPipe()
    const { output, reports } = observed(pipe.writer)
    for (let index = 0; index < TOO_MANY; index++) output.write(LINE)
    // What waits in memory, and in the pipe.
    expect((TOO_MANY - reports.dropped) * LINE.length).toBeLessThan(9 * 1024 ** 2)
    expect(reports.dropped).toBeGreaterThan(0)
    expect(reports.failed).toEqual(['EAGAIN'])

    let read = ''
    const resumed = once(output, 'resumed')
    const reading = setInterval(() => (read += pipe.read()), 1)
    expect(await resumed).toEqual([reports.dropped])
    output.write('the last\n')
    expect(await output.close(1000)).toBe(0)
    clearInterval(reading)
    read += pipe.read()
    const lines = read.split('\n')
    expect(lines.splice(-2)).toEqual(['the last', ''])
    expect(new Set(lines)).toEqual(new Set([LINE.trim()]))
    expect(lines).toHaveLength(TOO_MANY - reports.dropped)
  })

  it('goes on when the reader is gone, and writes what waits to a reader that comes back', async () => {
    using pipe = openPipe()
    const { output, reports } = observed(pipe.writer)
    pipe.leave()
    output.write('first\n')
    output.write('second\n')
    expect(reports.failed).toEqual(['EPIPE'])
    pipe.comeBack()
    expect(await output.close(5000)).toBe(0)
    expect(pipe.read()).toBe('first\nsecond\n')
  })

  it('goes on while the disk is full, and says at the end how many lines are lost', async () => {
    const { output, reports } = observed(openSync('/dev/full', 'w'))
    for (let index = 0; index < TOO_MANY; index++) output.write(LINE)
    expect(reports.failed).toEqual(['ENOSPC'])
    expect(await output.close(0)).toBe(TOO_MANY)
  })
})
