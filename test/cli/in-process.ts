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

/** The same in a folder of its own and with more of an environment, as a process would have them. */
export const runInFolder = async (args: readonly string[], folder: string, env: Readonly<Record<string, string>>) => {
  const before = process.cwd()
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  process.chdir(folder)
  try {
    return await runInProcess(args)
  } finally {
    process.chdir(before)
    vi.unstubAllEnvs()
  }
}
