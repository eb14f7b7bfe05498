import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { anchorsOf } from '../docs/pages.ts'

/** The links of all pages in a folder that lead to no file and no heading in it. Addresses are not followed. */
export const deadLinks = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .flatMap((name) => {
      const page = join(folder, name)
      return [...readFileSync(page, 'utf8').matchAll(/\]\((?!\w+:)([^)#]*)(?:#([^)]*))?\)/g)]
        .filter(([, target = '', anchor]) => {
          const path = target === '' ? page : join(dirname(page), target)
          return !existsSync(path) || (anchor !== undefined && !anchorsOf(path).includes(anchor))
        })
        .map(([link]) => `${name}: ${link}`)
    })
