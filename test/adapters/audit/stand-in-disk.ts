import type { FileHandle } from 'node:fs/promises'
import { type Disk, disk } from '../../../src/adapters/files/disk.ts'

export type Step = 'open' | 'rename' | 'append' | 'datasync' | 'sync' | 'truncate' | 'writeFile'

export class DiskFault extends Error {
  readonly code: string

  constructor(code: string) {
    super(`${code} by the test`)
    this.code = code
  }
}

/** The real disk. It calls `before` ahead of each step that opens or changes a file: `before` may delay or fail the step. */
export const standInDisk = (before: (step: Step, append?: Append) => Promise<void> | void): Disk => {
  const watched = (handle: FileHandle): FileHandle =>
    new Proxy(handle, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        return async (...args: unknown[]) => {
          if (name === 'appendFile') {
            const bytes = args[0] as Buffer
            await before('append', (length) => target.appendFile(bytes.subarray(0, length)))
          } else if (name === 'datasync' || name === 'sync' || name === 'truncate' || name === 'writeFile') {
            await before(name)
          }
          return Reflect.apply(value, target, args) as unknown
        }
      },
    })
  return {
    ...disk,
    open: async (...args) => {
      await before('open')
      return watched(await disk.open(...args))
    },
    rename: async (...args) => {
      await before('rename')
      return disk.rename(...args)
    },
  }
}

/** Appends only the first `length` bytes: an interrupted write. */
export type Append = (length: number) => Promise<void>
