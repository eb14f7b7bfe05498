import { mkdir, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { EMPTY_STATE, type State, StateError, type StateStore } from '../../app/state.ts'
import { type Disk, disk as hostDisk, syncFolder } from './disk.ts'
import { codeOf, diskReasonOf } from './disk-fault.ts'
import { readRegularFile } from './regular-file.ts'
import { type FoundState, stateOfBytes, stateToBytes } from './state-bytes.ts'

/** Reads the state. A file that is missing is an empty state. */
export const readStateFile = async (file: string): Promise<FoundState> => {
  let bytes: Buffer
  try {
    bytes = await readRegularFile(file)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { kind: 'state', state: EMPTY_STATE }
    return { kind: 'unknown', why: `it cannot be read: ${diskReasonOf(error)}` }
  }
  return stateOfBytes(bytes)
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
      await handle.writeFile(stateToBytes(state))
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
      if (found.kind === 'state') return { state: found.state, setAside: undefined }
      if (found.kind === 'unknown') {
        const remedy = 'correct "state.file", or move what is there away'
        throw new StateError(
          `${file} is not the state: ${found.why}. Curfew does not replace a file that it does not know: ${remedy}`,
        )
      }
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
      return found.kind === 'state' ? found.state : EMPTY_STATE
    },

    save(state, mayReplace = async () => true) {
      last = last.catch(() => {}).then(() => write(state, mayReplace))
      return last
    },
  }
}
