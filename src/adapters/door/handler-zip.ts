import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate'
import type { Baked } from '../../door/baked-rules.ts'
import { VERSION } from '../../version.ts'

/** Lambda finds the handler `index.handler` in it. */
const FILE = 'index.mjs'

/** By this line a zip is known as one that may be replaced. */
const FIRST_LINE = '// The client connect handler of AWS Client VPN that "curfew connect-handler build" has made.'

/** Files on the disk of a Lambda must be readable by everybody. */
const READABLE_BY_ALL = 0o644

const UNIX = 3

/** fflate writes the date that the zone of this machine shows. Of a local date, every machine shows the same. */
const dateOfZips = () => new Date(1980, 0, 1, 12)

/** The zip for Lambda. The same code and rules give the same bytes: it has no time, path or name of a machine in it. */
export const handlerZip = (code: string, baked: Baked): Uint8Array =>
  zipSync(
    { [FILE]: strToU8(handlerText(code, baked)) },
    { level: 9, os: UNIX, attrs: READABLE_BY_ALL << 16, mtime: dateOfZips() },
  )

const handlerText = (code: string, { settings, rules }: Baked): string => {
  const { policySetHash, handlerHash, mode, onError } = settings
  return `${FIRST_LINE}
// Curfew ${VERSION}, policy set ${policySetHash}, mode ${mode}, on error ${onError}
// handlerHash ${handlerHash}
// It holds the policies. Do not edit it: build it anew.
${code.trimEnd()}
export const handler = curfewConnectHandler.handlerOf({ settings: ${JSON.stringify(settings)}, rules: ${quoted(rules)} });
`
}

/** In JSON every other character may be a double quote, each of which would need a backslash. */
const quoted = (json: string): string => `'${json.replace(/[\\']/g, '\\$&')}'`

/** Lambda takes no more, unpacked. */
const MOST_UNPACKED = 250e6

/** Whether a file is a zip that `handlerZip` has made. */
export const isHandlerZip = (bytes: Uint8Array): boolean => {
  try {
    const isHandler = ({ name, originalSize }: { readonly name: string; readonly originalSize: number }) =>
      name === FILE && originalSize <= MOST_UNPACKED
    const text = unzipSync(bytes, { filter: isHandler })[FILE]
    return text !== undefined && strFromU8(text.subarray(0, FIRST_LINE.length)) === FIRST_LINE
  } catch {
    return false
  }
}
