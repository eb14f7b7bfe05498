import { EventEmitter } from 'node:events'
import { constants, fstatSync, openSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** Bytes of lines that wait for a slow reader or a full disk: about 13,000 lines. */
const MOST_WAITING = 8 * 1024 * 1024

/** How many lines are written by one system call. */
const BATCH = 100

/** A full pipe holds 64 KiB, so a reader that is only slow gets 3 MB/s or more. */
const RETRY_FULL_PIPE_MS = 20
const RETRY_FAILURE_MS = 1_000

interface LogOutputEvents {
  /** The first failure since lines were last written; `code` is the system's, `EAGAIN` if nobody reads. */
  readonly failed: [code: string]
  /** A line was dropped. */
  readonly dropped: []
  /** Lines are written again. `lines`: how many were dropped meanwhile. */
  readonly resumed: [lines: number]
}

/**
 * Writes lines to a descriptor that does not block. Enforcement must not depend on who reads the log, so a write never
 * waits and never throws: lines wait in bounded memory, and further lines are dropped, each as a whole.
 */
export class LogOutput extends EventEmitter<LogOutputEvents> {
  readonly #fd: number
  #lines: string[] = []
  /** The rest of a batch, of which a part was written. */
  #batch: Buffer = Buffer.alloc(0)
  #waitingBytes = 0
  #dropped = 0
  #failed = false
  #retry: NodeJS.Timeout | undefined

  constructor(fd: number = standardOutput()) {
    super()
    this.#fd = fd
  }

  write(line: string): void {
    const bytes = Buffer.byteLength(line)
    if (this.#waitingBytes + bytes > MOST_WAITING) {
      this.#dropped++
      this.emit('dropped')
      this.#fail('EAGAIN')
      return
    }
    this.#lines.push(line)
    this.#waitingBytes += bytes
    // While a retry is awaited, an attempt for each line would only cost system calls.
    if (this.#retry === undefined) this.#flush()
  }

  /** Waits up to `ms` for a slow reader. Resolves with the number of lines that could not be written. */
  async close(ms: number): Promise<number> {
    const endsAt = performance.now() + ms
    for (this.#flush(); this.#waitingBytes > 0 && performance.now() < endsAt; this.#flush()) {
      await sleep(RETRY_FULL_PIPE_MS)
    }
    clearTimeout(this.#retry)
    return this.#dropped + this.#lines.length + (this.#batch.length > 0 ? 1 : 0)
  }

  #flush(): void {
    clearTimeout(this.#retry)
    this.#retry = undefined
    try {
      while (this.#waitingBytes > 0) {
        if (this.#batch.length === 0) this.#batch = Buffer.from(this.#lines.splice(0, BATCH).join(''))
        const written = writeSync(this.#fd, this.#batch)
        this.#batch = this.#batch.subarray(written)
        this.#waitingBytes -= written
      }
      this.#resume()
    } catch (error) {
      const { code = 'unknown' } = error as NodeJS.ErrnoException
      const isFull = code === 'EAGAIN'
      if (!isFull) this.#fail(code)
      // The wait must not keep a process that has ended its work.
      this.#retry = setTimeout(() => this.#flush(), isFull ? RETRY_FULL_PIPE_MS : RETRY_FAILURE_MS).unref()
    }
  }

  #fail(code: string): void {
    if (!this.#failed) this.emit('failed', code)
    this.#failed = true
  }

  #resume(): void {
    this.#failed = false
    const lines = this.#dropped
    this.#dropped = 0
    if (lines > 0) this.emit('resumed', lines)
  }
}

/**
 * A descriptor of standard output that does not block. Another process may share the open pipe or terminal and make it
 * blocking, so it is opened anew where the system can do that.
 */
const standardOutput = (): number => {
  if (fstatSync(1).isFile()) return 1
  // Node makes pipes and sockets non-blocking when it makes this stream. Sockets cannot be opened anew.
  void process.stdout
  try {
    return openSync('/proc/self/fd/1', constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  } catch {
    return 1
  }
}
