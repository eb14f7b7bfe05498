import { listFault } from './list-structure.ts'

/** What came with HTTP 200 is not what EC2 sends. The SDK's standard strategy tries again after it. */
export class MalformedAnswer extends Error {
  override name = 'MalformedAnswer'
  readonly $retryable = {}
}

/** A page of 1,000 rows is 0.6 MB: what is so much longer is no page, and must not fill the memory. */
const LARGEST_BYTES = 32 * 1024 * 1024

/** Reads a body to its end. */
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

/** The element that holds an action's rows. */
const LIST: Readonly<Record<string, string>> = {
  DescribeClientVpnConnections: 'connections',
  DescribeClientVpnEndpoints: 'clientVpnEndpoint',
}

/**
 * Throws `MalformedAnswer` unless a body of HTTP 200 is the answer to `action`, whole. The SDK reads an empty body, a
 * login page, an error inside a 200, another action's answer, and a list that holds anything but `<item>` as "no rows".
 */
export const checkBody = (body: Buffer, action: string): void => {
  // One byte, one character: the structure is ASCII, and names are not looked at.
  const text = body.toString('latin1')
  const root = `${action}Response`
  const whole = new RegExp(`^\\s*(?:<\\?xml[^>]*\\?>\\s*)?<${root}[\\s>][^]*</${root}>\\s*$`)
  if (!whole.test(text)) throw new MalformedAnswer(`the answer is not a whole ${root}`)
  const list = LIST[action]
  if (list === undefined) return
  const fault = listFault(text, root, list)
  if (fault !== undefined) throw new MalformedAnswer(fault)
}
