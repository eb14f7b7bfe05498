import { vi } from 'vitest'
import { runCommandLine } from '../../src/cli/command-line.ts'

/** Runs a command in this process, with what it writes. Only for commands that end, and write nowhere else. */
export const runInProcess = async (args: readonly string[]) => {
  const output = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      output[stream] += String(text)
      return true
    })
  }
  const code = await runCommandLine(args)
  vi.restoreAllMocks()
  return { code, ...output }
}
