import type { Baked } from './baked-rules.ts'
import { createHandler, type Handler } from './handler.ts'

/** The handler in a Lambda function. */
export const handlerOf = (baked: Baked): Handler =>
  createHandler(baked, {
    now: () => Date.now(),
    elapsedMs: () => performance.now(),
    region: process.env.AWS_REGION,
    write: (line) => output().log(line),
  })

let own: Console | undefined

/**
 * A console of its own. The Lambda runtime replaces the functions of the global one: they put a prefix before each line, or
 * the line into a field, and CloudWatch then finds no metrics in it.
 */
const output = (): Console => (own ??= createOutput())

const createOutput = (): Console => {
  const { stdout } = process
  // A write fails after the answer. Without a listener its error would end the process, and the next request with it.
  stdout.on('error', () => {})
  return new console.Console({ stdout, ignoreErrors: true })
}
