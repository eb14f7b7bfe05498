import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Where a page is read. `sources` is a clone of the repository. */
type Place = 'sources' | 'npm' | 'deb'

/**
 * Rewrites the pages in a folder, which have the paths that they have in the sources, for the readers of a package. Lines
 * between `<!-- only in: PLACE, PLACE -->` and `<!-- end -->` stay in those places only. A link to a file that the folder does
 * not have leads to that file in the repository.
 */
export const packagePages = (folder: string, place: Exclude<Place, 'sources'>): void => {
  const { repository, version } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    readonly repository: { readonly url: string }
    readonly version: string
  }
  const sources = `${repository.url.replace(/^git\+|\.git$/g, '')}/blob/v${version}`
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'))
  for (const name of names) {
    const path = join(folder, name)
    const text = linesFor(place, readFileSync(path, 'utf8')).replaceAll(
      /(?<=\]\()(?!\w+:|#)([^)#\s]+)/g,
      (target: string) => {
        const inSources = join(dirname(name), target)
        return existsSync(join(folder, inSources)) ? target : `${sources}/${inSources}`
      },
    )
    writeFileSync(path, text)
  }
}

const linesFor = (place: Place, text: string): string => {
  const open: boolean[] = []
  const kept: string[] = []
  /** Whether lines were left out behind the last one that was kept. */
  let isGap = false
  for (const line of text.split('\n')) {
    const [, places] = /^<!-- only in: (.*) -->$/.exec(line) ?? []
    if (places !== undefined) open.push(places.split(', ').includes(place))
    else if (line === '<!-- end -->') open.pop()
    else if (!open.includes(false)) {
      // The blank lines before and behind a gap become one. Others may belong to a block of code.
      if (!isGap || line !== '' || kept.at(-1) !== '') {
        kept.push(line)
        isGap = false
      }
      continue
    }
    isGap = true
  }
  return kept.join('\n')
}
