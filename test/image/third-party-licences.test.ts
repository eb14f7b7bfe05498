import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { thirdPartyLicences } from '../../scripts/third-party-licences.ts'

const root = mkdtempSync(join(tmpdir(), 'curfew-licences-'))

afterEach(() => rmSync(root, { recursive: true, force: true }))

/** Writes a package to disk; returns one of its files as an input of the bundle. */
const install = (folder: string, license: string, files: Readonly<Record<string, string>> = {}): string => {
  const [name = ''] = folder.split('node_modules/').slice(-1)
  const manifest = JSON.stringify({ name, version: '1.0.0', license })
  for (const [file, text] of Object.entries({ 'package.json': manifest, ...files })) {
    const path = join(root, folder, file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  return `${folder}/lib/index.js`
}

const licencesOf = (...inputs: readonly string[]) =>
  thirdPartyLicences(root, {
    outputs: {
      'dist/cli/main.js': {
        bytes: 1,
        imports: [],
        exports: [],
        inputs: Object.fromEntries(inputs.map((input) => [input, { bytesInOutput: input.includes('shaken') ? 0 : 1 }])),
      },
    },
  })

describe('the licences of the bundle', () => {
  it('include every package with a byte in the bundle, nested and scoped ones too', () => {
    const text = licencesOf(
      'src/cli/main.ts',
      install('node_modules/one', 'MIT', { LICENSE: 'text of one' }),
      install('node_modules/@scope/two', 'ISC', { 'license.md': 'text of two' }),
      install('node_modules/one/node_modules/three', 'Apache-2.0', {
        LICENSE: 'text of three',
        NOTICE: 'notice of three',
      }),
      install('node_modules/shaken', 'MIT', { LICENSE: 'text of the shaken package' }),
    )
    for (const part of ['one 1.0.0, MIT', '@scope/two 1.0.0, ISC', 'three 1.0.0, Apache-2.0', 'notice of three']) {
      expect(text).toContain(part)
    }
    for (const name of ['one', 'two', 'three']) expect(text).toContain(`text of ${name}`)
    expect(text).not.toContain('shaken')
  })

  it('contain a text that several packages share once, below all their names', () => {
    const inputs = ['b', 'a'].map((name) => install(`node_modules/${name}`, 'MIT', { LICENSE: 'the same text' }))
    const text = licencesOf(...inputs)
    expect(text.split('the same text')).toHaveLength(2)
    expect(text.slice(0, text.indexOf('the same text'))).toMatch(/a 1\.0\.0, MIT\nb 1\.0\.0, MIT\n-+\n\n$/)
    expect(licencesOf(...inputs.toReversed())).toBe(text)
  })

  it('report a package that ships no text', () => {
    expect(licencesOf(install('node_modules/bare', 'MIT'))).toMatch(/bare 1\.0\.0, MIT {2}\(ships no text/)
  })

  it('name the source of a package whose licence asks for it', () => {
    const text = licencesOf(install('node_modules/two', 'MPL-2.0', { LICENSE: 'text of two' }))
    expect(text).toContain('two 1.0.0, MPL-2.0  (unchanged; its source: https://www.npmjs.com/package/two/v/1.0.0)')
  })

  it.each(['GPL-3.0-only', 'SEE LICENSE IN FILE', ''])('stop the build at %j', (license) => {
    expect(() => licencesOf(install('node_modules/other', license))).toThrow('other 1.0.0')
  })

  it('are next to the bundle, with a text for nearly all packages', () => {
    const [list = '', ...texts] = readFileSync('dist/THIRD-PARTY-LICENSES.txt', 'utf8').split(/^-{80}$/m)
    expect(list).toContain('@aws-sdk/client-ec2')
    expect(texts.length).toBeGreaterThan(20)
  })
})
