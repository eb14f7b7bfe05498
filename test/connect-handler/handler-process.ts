import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { THIS_NODE } from '../cli/node-versions.ts'
import type { Call, Calls, Outcome, Outcomes } from './handler-child.ts'
import { FUNCTION_NAME } from './lambda.ts'
import { createTaskFolder } from './task-folder.ts'

interface Options {
  readonly node?: string
  /** The flags of Node, given the path of the program that runs. */
  readonly flags?: (program: string) => readonly string[]
}

/** One process that calls the handlers of unpacked zips, at any instant of its own clock. */
export const startHandlerProcess = async ({ node = THIS_NODE, flags = () => [] }: Options = {}) => {
  const folder = createTaskFolder()
  const program = join(folder.path, 'child.mjs')
  await build({
    entryPoints: [fileURLToPath(new URL('./handler-child.ts', import.meta.url))],
    outfile: program,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'warning',
  })
  const child = fork(program, { execPath: node, execArgv: [...flags(program)], env: { TZ: 'America/New_York' } })
  const closed = once(child, 'close')
  const died = closed.then(([code, signal]) => {
    throw new Error(`the process of the handlers ended (${code ?? signal})`)
  })
  died.catch(() => {})

  const ask = async (calls: Calls): Promise<Outcomes> => {
    const answer = once(child, 'message') as Promise<[Outcomes]>
    child.send(calls)
    const [outcomes] = await Promise.race([answer, died])
    return outcomes
  }

  return {
    /** Calls the handler in `index.mjs` at this path. Throws if it cannot be loaded. */
    async call(handler: string, calls: readonly Call[], region = 'eu-central-1') {
      const env = { AWS_LAMBDA_FUNCTION_NAME: FUNCTION_NAME, AWS_REGION: region }
      const { outcomes, failed, touched } = await ask({ handler, env, calls })
      if (failed !== undefined) throw new Error(failed)
      return { outcomes, touched } satisfies { outcomes: readonly Outcome[]; touched: readonly string[] }
    },

    async [Symbol.asyncDispose]() {
      child.kill()
      await closed
      folder[Symbol.dispose]()
    },
  }
}
