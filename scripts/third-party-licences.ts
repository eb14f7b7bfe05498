import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Metafile } from 'esbuild'

/** Another licence needs somebody to read what it asks for. */
const PERMITTED = new Set(['Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT'])

interface Package {
  readonly name: string
  readonly version: string
  readonly license: string
  /** What the package ships of texts: licences, and the notices that Apache-2.0 asks to pass on. */
  readonly texts: readonly string[]
}

const RULE = '-'.repeat(80)

/**
 * The licences of every package of which a byte is in the bundle, one text after the other, in an order that depends on
 * the packages alone. Throws where a licence is not among those that are permitted.
 */
export const thirdPartyLicences = (root: string, { outputs }: Pick<Metafile, 'outputs'>): string => {
  const folders = new Set(
    Object.values(outputs).flatMap(({ inputs }) =>
      Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? folderOf(file) : [])),
    ),
  )
  const packages = [...folders].map((folder) => readPackage(join(root, folder)))
  // A package may lie in several folders.
  const byTitle = new Map(packages.map((one) => [titleOf(one), one]))
  const titles = [...byTitle.keys()].sort()

  const byText = new Map<string, string[]>()
  for (const title of titles) {
    const one = byTitle.get(title)
    for (const text of one?.texts ?? []) byText.set(text, [...(byText.get(text) ?? []), title])
  }
  return [
    'The bundle of Curfew holds parts of these packages:\n',
    ...titles.map(
      (title) => `  ${title}${byTitle.get(title)?.texts.length === 0 ? '  (ships no text of its own)' : ''}`,
    ),
    ...[...byText].flatMap(([text, owners]) => ['', RULE, ...owners, RULE, '', text]),
    '',
  ].join('\n')
}

const titleOf = ({ name, version, license }: Package) => `${name} ${version}, ${license}`

/** The folder of the package that an input of the bundle belongs to; none for our own files. */
const folderOf = (file: string): readonly string[] => {
  const found = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)
  return found === null ? [] : [found[0]]
}

const readPackage = (folder: string): Package => {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Package
  if (!PERMITTED.has(license)) {
    throw new Error(
      `${name} ${version} has the licence ${JSON.stringify(license)}, expected one of ${[...PERMITTED].join(', ')}: ` +
        'read it, then add it to scripts/third-party-licences.ts or do without the package',
    )
  }
  const texts = readdirSync(folder)
    .filter((file) => /^(?:licen[cs]e|notice|copying)(?:[.-].*)?$/i.test(file))
    .sort()
    .map((file) => readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim())
  return { name, version, license, texts }
}
