import type { NotWritable } from '../../adapters/files/writable.ts'
import type { Configuration } from '../../config/configuration.ts'
import { plural } from '../number-text.ts'
import type { Check } from './examination.ts'
import { failed, ok, warning } from './finding.ts'

interface Disk {
  whyNotWritable(file: string): Promise<NotWritable | undefined>
  /** Whether the file has a state that this version reads. `why` says why not. */
  readState(
    file: string,
  ): Promise<{ readonly endpoints: number } | { readonly kind: 'damaged' | 'unknown'; readonly why: string }>
}

/**
 * Whether the state can be read and written, and the history, if one is kept. Without the state a restart forgets grace,
 * cooldowns and idle times.
 */
export const stateCheck = (disk: Disk): Check<Configuration, true> => ({
  name: 'state',
  async ask({ state: { file }, history, engine }) {
    const missing = history && (await disk.whyNotWritable(history.file))
    const ofHistory =
      history === undefined || missing === undefined
        ? undefined
        : warning({
            found: `the history ${history.file} cannot be written: ${missing.path}: ${missing.why}`,
            expected: 'a file on a disk with space',
            advice: `${missing.advice}, or set history.file to another path: the daemon enforces without it`,
          })
    if (engine.kind === 'postgres') return { finding: ofHistory ?? ok('the state is in the database'), value: true }
    const obstacle = await disk.whyNotWritable(file)
    if (obstacle !== undefined) {
      const found = `${file} cannot be written: ${obstacle.path}: ${obstacle.why}`
      const advice = `${obstacle.advice}, or set state.file to another path`
      return { finding: failed({ found, expected: 'a file that can be replaced', advice }) }
    }
    const state = await disk.readState(file)
    if ('why' in state && state.kind === 'unknown') {
      const advice = 'set state.file to a path of its own, or move what is there away'
      const found = `${file} is not the state: ${state.why}`
      return { finding: failed({ found, expected: 'a state that Curfew wrote, or no file', advice }) }
    }
    if ('why' in state) {
      const found = `${file} is of no use: ${state.why}`
      const advice = 'restore it from a backup, or start without it: grace, cooldowns and idle times then begin anew'
      return { finding: warning({ found, expected: 'a state that this version wrote', advice }), value: true }
    }
    if (ofHistory !== undefined) return { finding: ofHistory, value: true }
    const { endpoints } = state
    if (endpoints === 0) return { finding: ok(`${file} has no state yet`), value: true }
    return { finding: ok(`${file} has the state of ${plural(endpoints, 'endpoint')}`), value: true }
  },
})
