import { listFault } from './list-structure.ts'

/** An answer with HTTP 200 that EC2 does not send. `$retryable` lets the SDK's standard retry strategy try again. */
export class MalformedAnswer extends Error {
  override name = 'MalformedAnswer'
  readonly $retryable = {}
}

/** A page of 1,000 rows has 0.6 MB. A much longer answer is not a page, and must not fill the memory. */
const LARGEST_BYTES = 32 * 1024 * 1024

/** Reads a body to its end. Throws `MalformedAnswer` if it is too long. */
export const readBody = async (body: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.byteLength
    if (bytes > LARGEST_BYTES) throw new MalformedAnswer(`the answer is longer than ${LARGEST_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Throws `MalformedAnswer` unless a body of HTTP 200 is whole JSON. The SDK would not try again after its own error. */
export const checkJson = (body: Buffer): void => {
  try {
    JSON.parse(body.toString())
  } catch {
    throw new MalformedAnswer('the answer is not whole JSON')
  }
}

/** The element that holds an action's rows. */
const LIST: Readonly<Record<string, string>> = {
  DescribeClientVpnConnections: 'connections',
  DescribeClientVpnEndpoints: 'clientVpnEndpoint',
}

/**
 * Throws `MalformedAnswer` unless a body of HTTP 200 is the whole answer to `action`. The SDK reads all of these as "no
 * rows": an empty body, a login page, an error inside a 200, the answer to another action, and a list with elements
 * other than `<item>`.
 */
export const checkBody = (body: Buffer, action: string): void => {
  // latin1 maps each byte to one character and is fast. The structure is ASCII; the text of names is not read here.
  const text = body.toString('latin1')
  const root = `${action}Response`
  const whole = new RegExp(`^\\s*(?:<\\?xml[^>]*\\?>\\s*)?<${root}[\\s>][^]*</${root}>\\s*$`)
  if (!whole.test(text)) throw new MalformedAnswer(`the answer is not a whole ${root}`)
  const list = LIST[action]
  if (list === undefined) return
  const fault = listFault(text, root, list)
  if (fault !== undefined) throw new MalformedAnswer(fault)
}
