import { mkdir, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { EMPTY_STATE, type State, type StateStore } from '../../app/state.ts'
import { type Disk, disk as hostDisk, syncFolder } from '../audit/disk.ts'
import { readRegularFile } from './regular-file.ts'
import { seal, unseal } from './seal.ts'
import { readState } from './state-schema.ts'
import { fromVersion3 } from './state-version-3.ts'

/** Reads the state. A file that is missing is an empty state; `why` says why a file is of no use. */
export const readStateFile = async (file: string): Promise<{ readonly state: State } | { readonly why: string }> => {
  let bytes: Buffer
  try {
    bytes = await readRegularFile(file)
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    return code === 'ENOENT' ? { state: EMPTY_STATE } : { why: `it cannot be read (${code})` }
  }
  const sealed = unseal(bytes)
  if (sealed === 'broken') return { why: 'its checksum does not match: it was changed after it was written' }
  if (sealed === undefined) return { why: 'this version does not know its format' }
  let found: unknown
  try {
    found = JSON.parse(sealed.content.toString())
  } catch {
    return { why: 'it is not JSON' }
  }
  const state = readState(found)
  if (state === undefined) return { why: 'this version does not know its format' }
  return { state: sealed.version === 3 ? fromVersion3(state) : state }
}

/** The state as one file. It is saved to a new file, synced and renamed: a crash leaves either the old state or the new one. */
export const createStateFile = (file: string, disk: Disk = hostDisk): StateStore => {
  let last: Promise<void> = Promise.resolve()
  const folder = dirname(file)
  const beside = `${file}.new`
  const write = async (state: State, mayReplace: () => Promise<boolean>) => {
    await mkdir(folder, { recursive: true })
    // A new file each time: a process that lost the lock may still have the last one open.
    await rm(beside, { force: true })
    const handle = await disk.open(beside, 'wx', 0o600)
    try {
      await handle.writeFile(seal(Buffer.from(JSON.stringify(state))))
      await handle.sync()
    } finally {
      await handle.close()
    }
    if (!(await mayReplace())) throw new Error(`${file} was not replaced: another process holds the audit trail now`)
    await disk.rename(beside, file)
    await syncFolder(disk, folder)
  }
  return {
    async load() {
      const found = await readStateFile(file)
      if ('state' in found) return { state: found.state, setAside: undefined }
      const aside = `${file}.unreadable`
      // A file that cannot even be moved is replaced by the next save.
      const moved = await disk.rename(file, aside).then(
        () => aside,
        () => undefined,
      )
      return { state: EMPTY_STATE, setAside: { file: moved, why: found.why } }
    },

    async peek() {
      const found = await readStateFile(file)
      return 'state' in found ? found.state : EMPTY_STATE
    },

    save(state, mayReplace = async () => true) {
      last = last.catch(() => {}).then(() => write(state, mayReplace))
      return last
    },
  }
}
