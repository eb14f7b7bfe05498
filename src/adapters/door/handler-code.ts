import { readFileSync } from 'node:fs'

/** Built, this code is in dist/cli or in the folder of chunks there. As a source it is in src/adapters/door. */
const PLACES = ['../connect-handler.js', '../../connect-handler.js', '../../../dist/connect-handler.js']

/** The code that `npm run build` makes of `src/door`. Undefined: it is not built. */
export const readHandlerCode = (): string | undefined => {
  for (const place of PLACES) {
    try {
      return readFileSync(new URL(place, import.meta.url), 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  return undefined
}
