import { mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { EMPTY_STATE, type State, type StateStore } from '../../app/state.ts'
import { readRegularFile } from './regular-file.ts'
import { seal, unseal } from './seal.ts'
import { readSealedState, readUnsealedState } from './state-schema.ts'

/** What was found at a start. `setAside`: where an unreadable file was put, and why. */
export interface LoadedState {
  readonly state: State
  readonly setAside: { readonly file: string; readonly why: string } | undefined
}

/** Reads the state; a file that cannot be read is set aside and condemns nobody: all is as at a first start. */
export const loadState = async (file: string): Promise<LoadedState> => {
  const read = await readState(file)
  if ('state' in read) return { state: read.state, setAside: undefined }
  const aside = `${file}.unreadable`
  // If it cannot even be moved, the next save replaces it.
  await rename(file, aside).catch(() => {})
  return { state: EMPTY_STATE, setAside: { file: aside, why: read.why } }
}

/** Reads the state and touches nothing: for commands that only look. */
export const peekState = async (file: string): Promise<State> => {
  const read = await readState(file)
  return 'state' in read ? read.state : EMPTY_STATE
}

const readState = async (file: string): Promise<{ readonly state: State } | { readonly why: string }> => {
  let bytes: Buffer
  try {
    bytes = await readRegularFile(file)
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    return code === 'ENOENT' ? { state: EMPTY_STATE } : { why: `it cannot be read (${code})` }
  }
  const sealed = unseal(bytes)
  if (sealed === 'broken') return { why: 'it was changed after it was written: its checksum is another' }
  let found: unknown
  try {
    found = JSON.parse((sealed?.content ?? bytes).toString())
  } catch {
    return { why: 'it is not JSON' }
  }
  const state = sealed === undefined ? readUnsealedState(found) : readSealedState(found)
  return state === undefined ? { why: 'it is not a state that this version knows' } : { state }
}

/** Writes beside the file, makes it durable and puts it in its place: a crash leaves the old state or the new one. */
export const createStateFile = (file: string): StateStore => {
  let last: Promise<void> = Promise.resolve()
  const write = async (state: State) => {
    await mkdir(dirname(file), { recursive: true })
    const beside = `${file}.new`
    const handle = await open(beside, 'w', 0o600)
    try {
      await handle.writeFile(seal(Buffer.from(JSON.stringify(state))))
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(beside, file)
  }
  return {
    save(state) {
      last = last.catch(() => {}).then(() => write(state))
      return last
    },
  }
}
