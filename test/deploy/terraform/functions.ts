import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { stringify } from 'yaml'
import type { Functions } from './expressions.ts'

/** The functions of Terraform that the modules call. `toset` is not among them: as a `for_each`, its elements would have to be known before anything is made. */
export const FUNCTIONS: Functions = {
  concat: (...lists: never[][]) => lists.flat(1),
  contains: (list: unknown[], value: unknown) => list.includes(value),
  file: (path: string) => readFileSync(path, 'utf8'),
  filebase64sha256: (path: string) =>
    createHash('sha256')
      .update(existsSync(path) ? readFileSync(path) : path)
      .digest('base64'),
  jsondecode: (text: string) => JSON.parse(text),
  jsonencode: (value: unknown) => JSON.stringify(value),
  length: (value: object) => Object.keys(value).length,
  merge: (...objects: object[]) => Object.assign({}, ...objects),
  one: (list: unknown[]) => {
    if (list.length > 1) throw new Error(`one() of ${list.length} values`)
    return list[0] ?? null
  },
  regex: (pattern: string, text: string) => {
    const found = new RegExp(pattern).exec(text)
    if (found === null) throw new Error(`${text} does not match ${pattern}`)
    return found.length > 1 ? found.slice(1) : found[0]
  },
  replace: (text: string, part: string, by: string) => {
    // Otherwise the document no longer has the example that the module replaces.
    if (!text.includes(part)) throw new Error(`nothing to replace: ${part}`)
    return text.replaceAll(part, by)
  },
  slice: (list: unknown[], from: number, to: number) => list.slice(from, to),
  yamlencode: (value: unknown) => stringify(value),
}
