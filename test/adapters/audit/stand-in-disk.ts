import type { FileHandle } from 'node:fs/promises'
import { type Disk, disk } from '../../../src/adapters/audit/disk.ts'

export type Step = 'open' | 'rename' | 'append' | 'datasync' | 'sync' | 'truncate' | 'writeFile'

export class DiskFault extends Error {
  readonly code: string

  constructor(code: string) {
    super(`${code} by the test`)
    this.code = code
  }
}

/** The real disk, on which each step that changes something is told to `before`, which may hold it up or fail it. */
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

/** Appends the first bytes of what was to be appended: a write that is cut short. */
export type Append = (length: number) => Promise<void>
