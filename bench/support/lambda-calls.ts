import { readdirSync, readFileSync } from 'node:fs'
import { nodeOfImage } from '../../test/cli/node-versions.ts'
import { startLambda } from '../../test/connect-handler/lambda.ts'

// Usage: node --import tsx lambda-calls.ts ASKED, a JSON of what is asked. It runs from its source, since what it imports
// of the tests finds files beside itself. It sends what the functions took.

/** What is asked of the functions, each the folder of an unpacked zip. They take turns. */
export interface Asked {
  readonly functions: readonly string[]
  readonly events: readonly unknown[]
  /** Processes of each function that give one answer. */
  readonly starts: number
  /** Answers of one process of each function. */
  readonly calls: number
}

/** What one function took, in milliseconds. */
export interface Took {
  /** From the start of its process until its first answer was posted. */
  readonly cold: number[]
  readonly coldCpu: number[]
  /** From the hand-over of an invocation until its answer was posted. */
  readonly warm: number[]
  readonly warmCpu: number[]
}

type Lambda = Awaited<ReturnType<typeof startLambda>>

/** The CPU time of all threads of a process so far, by the kernel of Linux. */
const cpuMsOf = ({ pid }: Lambda): number => {
  const tasks = `/proc/${pid}/task`
  return readdirSync(tasks)
    .map((task) => Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ', 1)[0]) / 1e6)
    .reduce((sum, ms) => sum + ms, 0)
}

const node = await nodeOfImage()
const start = (taskRoot: string) => startLambda({ node, taskRoot, logFormat: 'JSON' })

const answered = async (lambda: Lambda, event: unknown) => {
  const { what, body, at, afterMs = Number.NaN } = await lambda.invoke(event)
  if (what !== 'response') throw new Error(`the function failed: ${JSON.stringify(body)}`)
  return { at, afterMs, cpuMs: cpuMsOf(lambda) }
}

const { functions, events, starts, calls } = JSON.parse(process.argv[2] ?? '') as Asked
const took = functions.map((): Took => ({ cold: [], coldCpu: [], warm: [], warmCpu: [] }))

for (let one = 0; one < starts; one++) {
  for (const [index, taskRoot] of functions.entries()) {
    await using lambda = await start(taskRoot)
    const { at, cpuMs } = await answered(lambda, events[0])
    took[index]?.cold.push(at - lambda.startedAt)
    took[index]?.coldCpu.push(cpuMs)
  }
}

const lambdas = await Promise.all(functions.map(start))
const cpuMsBefore = lambdas.map(cpuMsOf)
for (let call = 0; call < calls; call++) {
  for (const [index, lambda] of lambdas.entries()) {
    const { afterMs, cpuMs } = await answered(lambda, events[call % events.length])
    took[index]?.warm.push(afterMs)
    took[index]?.warmCpu.push(cpuMs - (cpuMsBefore[index] ?? Number.NaN))
    cpuMsBefore[index] = cpuMs
  }
}
await Promise.all(lambdas.map((lambda) => lambda[Symbol.asyncDispose]()))

process.send?.(took, () => process.disconnect())
