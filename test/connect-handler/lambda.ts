import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { npmProgram } from '../npm-program.ts'
import { type Posted, startRuntimeApi } from './runtime-api.ts'
import { createTaskFolder } from './task-folder.ts'

/** AWS's own runtime interface client for Node: the program that loads a function, and calls it for each invocation. */
const runtimeInterfaceClient = () =>
  npmProgram({
    name: 'aws-lambda-ric',
    package: 'aws-lambda-ric@4.0.2',
    sha512: Buffer.from(
      '144e55b24c7b998367a809d65895d43ac2e9d951a076c26c0a844b1536bc2f8624d1056d02ba91f2ae7cc8f03ef900b56bbdd95895c1436007df59c802fecd39',
      'hex',
    ),
    async extract(tarball, to) {
      await promisify(execFile)('tar', ['-xzf', tarball, '-C', dirname(to), 'package/index.mjs'])
      await rename(join(dirname(to), 'package/index.mjs'), to)
    },
  })

/** The name of the function in the environment and in the metrics. */
export const FUNCTION_NAME = 'AWSClientVPN-curfew'

interface Function {
  /** The Node that runs it. */
  readonly node: string
  /** The folder of the unpacked zip. */
  readonly taskRoot: string
  readonly logFormat: 'Text' | 'JSON'
}

/**
 * A function under AWS's runtime interface client. Its addon, which needs a C++ compiler and brings curl, is replaced by
 * `rapid-client.ts`. A file of this name is what its `require('./rapid-client.node')` finds.
 */
export const startLambda = async ({ node, taskRoot, logFormat }: Function) => {
  const folder = createTaskFolder()
  copyFileSync(await runtimeInterfaceClient(), join(folder.path, 'index.mjs'))
  await build({
    entryPoints: [fileURLToPath(new URL('./rapid-client.ts', import.meta.url))],
    outfile: join(folder.path, 'rapid-client.node.js'),
    format: 'cjs',
    platform: 'node',
    logLevel: 'warning',
  })
  const api = await startRuntimeApi()
  const startedAt = performance.now()
  const child = spawn(node, [join(folder.path, 'index.mjs')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      AWS_LAMBDA_RUNTIME_API: api.address,
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      AWS_REGION: 'eu-central-1',
      AWS_LAMBDA_FUNCTION_NAME: FUNCTION_NAME,
      AWS_LAMBDA_FUNCTION_VERSION: '1',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
      AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${FUNCTION_NAME}`,
      AWS_LAMBDA_LOG_STREAM_NAME: '2026/11/23/[1]0123456789abcdef0123456789abcdef',
      AWS_LAMBDA_LOG_FORMAT: logFormat,
      LAMBDA_TASK_ROOT: taskRoot,
      _HANDLER: 'index.handler',
      TZ: ':UTC',
    },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)))
  const closed = once(child, 'close')
  const died = closed.then(([code, signal]): Posted => {
    throw new Error(`the runtime interface client ended (${code ?? signal}): ${output}`)
  })
  died.catch(() => {})

  return {
    /** When its process was started, by the clock of `performance.now()`. */
    startedAt,
    pid: child.pid,

    invoke: (event: unknown): Promise<Posted> => Promise.race([api.invoke(event), died]),

    /** The lines of the log so far. The function has written them by the time of its answer. */
    log: (): readonly string[] => output.split('\n').filter((line) => line !== ''),

    async [Symbol.asyncDispose]() {
      child.kill()
      await closed
      await api[Symbol.asyncDispose]()
      folder[Symbol.dispose]()
    },
  }
}
