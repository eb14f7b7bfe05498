import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Makes Node write the URL of each module that it loads into the file LOADED. */
const hooks = `
import { appendFileSync } from 'node:fs'
export const load = (url, context, next) => {
  appendFileSync(process.env.LOADED, url + '\\n')
  return next(url, context)
}`
const inUrl = (code: string) => encodeURIComponent(code).replaceAll("'", '%27')
const register = `import { register } from 'node:module'; register('data:text/javascript,${inUrl(hooks)}')`

interface Folder {
  readonly folder: string
}

/** The variables with which a process lists the modules that it loads, in a file of the folder. */
export const listingLoaded = ({ folder }: Folder) => ({
  NODE_OPTIONS: `--import=data:text/javascript,${inUrl(register)}`,
  LOADED: join(folder, 'loaded'),
})

/** The code of each file of the bundle that such processes have loaded. */
export const loadedCode = async ({ folder }: Folder): Promise<readonly Buffer[]> => {
  const urls = (await readFile(join(folder, 'loaded'), 'utf8')).split('\n')
  const files = urls.filter((url) => url.startsWith('file:')).map((url) => fileURLToPath(url))
  return Promise.all(files.map((file) => readFile(file)))
}
