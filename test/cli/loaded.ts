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
/** Writes a line there for each formatter of dates too. The first one makes Node load the calendars of the world. */
const dates = `
import { appendFileSync } from 'node:fs'
Intl.DateTimeFormat = new Proxy(Intl.DateTimeFormat, {
  construct: (target, args) => {
    appendFileSync(process.env.LOADED, 'dates\\n')
    return Reflect.construct(target, args)
  },
})`
const inUrl = (code: string) => encodeURIComponent(code).replaceAll("'", '%27')
const register = `${dates}
import { register } from 'node:module'; register('data:text/javascript,${inUrl(hooks)}')`

interface Folder {
  readonly folder: string
}

/** The variables with which a process lists the modules that it loads, in a file of the folder. */
export const listingLoaded = ({ folder }: Folder) => ({
  NODE_OPTIONS: `--import=data:text/javascript,${inUrl(register)}`,
  LOADED: join(folder, 'loaded'),
})

const linesOf = async ({ folder }: Folder) => (await readFile(join(folder, 'loaded'), 'utf8')).split('\n')

/** How many formatters of dates such processes have made. */
export const dateFormats = async (place: Folder): Promise<number> =>
  (await linesOf(place)).filter((line) => line === 'dates').length

/** The code of each file of the bundle that such processes have loaded. */
export const loadedCode = async (place: Folder): Promise<readonly Buffer[]> => {
  const files = (await linesOf(place)).filter((line) => line.startsWith('file:')).map((url) => fileURLToPath(url))
  return Promise.all(files.map((file) => readFile(file)))
}
