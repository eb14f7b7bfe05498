import { codeOf, diskReasonOf } from '../adapters/files/disk-fault.ts'
import { readRegularFile } from '../adapters/files/regular-file.ts'
import { sourceText } from '../config/yaml/source-text.ts'
import { printable } from '../domain/printable.ts'
import { formatSize } from '../domain/size.ts'
import { OperatorError } from './command.ts'

/** The path that stands for the standard input. */
const STDIN = '-'

/**
 * The most that Lambda passes to a function that is called synchronously:
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
const LARGEST_BYTES = 6 * 2 ** 20

const EXPECTED = 'expected one request as AWS sends it to a client connect handler, which is a JSON object'

/** The value that a file or the standard input has as JSON. Only an object can be a request. */
export const readRequest = async (path: string): Promise<object> => {
  const isFile = path !== STDIN
  const name = isFile ? printable(path) : 'the standard input'
  const bytes = await (isFile ? readFile(path) : readStandardInput())
  if (bytes === 'too-large') {
    const most = formatSize(LARGEST_BYTES)
    throw new OperatorError(`${name} has more than the ${most} that Lambda passes to a function: ${EXPECTED}`)
  }
  const source = sourceText(bytes)
  if ('problem' in source) throw new OperatorError(`${name}:${source.line}:${source.column}: ${source.problem}`)
  const value = parsed(name, source.text)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new OperatorError(`${name} has ${kindOf(value)}: ${EXPECTED}`)
}

const readFile = async (path: string): Promise<Buffer | 'too-large'> => {
  try {
    return await readRegularFile(path, LARGEST_BYTES)
  } catch (error) {
    if (codeOf(error) === 'EFBIG') return 'too-large'
    const hint = codeOf(error) === 'ENOTFILE' ? '; write - to read the standard input' : ''
    throw new OperatorError(`cannot read the request ${printable(path)}: ${diskReasonOf(error)}${hint}`)
  }
}

/** Stops behind the limit: the other end may write for ever. */
const readStandardInput = async (): Promise<Buffer | 'too-large'> => {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    length += chunk.length
    if (length > LARGEST_BYTES) return 'too-large'
  }
  return Buffer.concat(chunks)
}

const parsed = (name: string, text: string): unknown => {
  if (text.trim() === '') throw new OperatorError(`${name} is empty: ${EXPECTED}`)
  try {
    return JSON.parse(text)
  } catch (error) {
    const why = printable((error as SyntaxError).message)
    throw new OperatorError(`${name} is no JSON (${why}): ${EXPECTED}`)
  }
}

const kindOf = (value: unknown): string => {
  if (Array.isArray(value)) return `a list of ${value.length}`
  return value === null ? 'null' : `a ${typeof value}`
}
