import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Metafile } from 'esbuild'

/** MPL-2.0 asks that people are told where the source of its files is. */
const SOURCE_IS_NAMED = 'MPL-2.0'

/** Before another licence is added, a person must read its conditions. */
const PERMITTED = new Set(['Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'MIT-0', SOURCE_IS_NAMED])

interface Package {
  readonly name: string
  readonly version: string
  readonly license: string
  /** The texts in the package: licences, and the notices that Apache-2.0 requires to be distributed. */
  readonly texts: readonly string[]
}

const RULE = '-'.repeat(80)

/** Returns all packages with a byte in the bundle. Throws an Error for a licence that is not permitted. */
export const bundledPackages = (root: string, { outputs }: Pick<Metafile, 'outputs'>): readonly Package[] => {
  const folders = new Set(
    Object.values(outputs).flatMap(({ inputs }) =>
      Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? folderOf(file) : [])),
    ),
  )
  return [...folders].map((folder) => readPackage(join(root, folder)))
}

/**
 * Returns the licence texts of all packages with a byte in the bundle, in an order that depends only on the packages.
 * Throws an Error for a licence that is not permitted.
 */
export const thirdPartyLicences = (root: string, metafile: Pick<Metafile, 'outputs'>): string => {
  const packages = bundledPackages(root, metafile)
  // A package may be installed in several folders.
  const byTitle = new Map(packages.map((one) => [titleOf(one), one]))
  const titles = [...byTitle.keys()].sort()

  const byText = new Map<string, string[]>()
  for (const title of titles) {
    const one = byTitle.get(title)
    for (const text of one?.texts ?? []) byText.set(text, [...(byText.get(text) ?? []), title])
  }
  return [
    'The bundle of Curfew contains parts of these packages:\n',
    ...titles.map((title) => `  ${title}${remarkOn(byTitle.get(title))}`),
    ...[...byText].flatMap(([text, owners]) => ['', RULE, ...owners, RULE, '', text]),
    '',
  ].join('\n')
}

const remarkOn = (one: Package | undefined): string => {
  if (one?.license === SOURCE_IS_NAMED) {
    return `  (unchanged; its source: https://www.npmjs.com/package/${one.name}/v/${one.version})`
  }
  return one?.texts.length === 0 ? '  (ships no text of its own)' : ''
}

const titleOf = ({ name, version, license }: Package) => `${name} ${version}, ${license}`

/** The folder of the package of an input file, or none for a file of Curfew. */
const folderOf = (file: string): readonly string[] => {
  const found = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)
  return found === null ? [] : [found[0]]
}

const readPackage = (folder: string): Package => {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Package
  if (!PERMITTED.has(license)) {
    throw new Error(
      `${name} ${version} has the licence ${JSON.stringify(license)}, expected one of ${[...PERMITTED].join(', ')}: ` +
        'read it, then add it to scripts/third-party-licences.ts or remove the package',
    )
  }
  const texts = readdirSync(folder)
    .filter((file) => /^(?:licen[cs]e|notice|copying)(?:[.-].*)?$/i.test(file))
    .sort()
    .map((file) => readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim())
  return { name, version, license, texts }
}
