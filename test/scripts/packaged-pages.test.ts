import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { packagePages } from '../../scripts/packaged-pages.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'curfew-pages-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

const page = (...lines: readonly string[]) => `${lines.join('\n')}\n`

const BUILD = ['<!-- only in: sources -->', '', '```sh', 'npm ci', '', '', 'npm run build', '```', '', '<!-- end -->']
const CODE = ['```yaml', 'one: 1', '', '', '', 'two: 2', '```']

describe('a page of a package', () => {
  it.each([
    ['the lines of another place', ['# A', '', ...BUILD, '', 'b'], ['# A', '', 'b']],
    [
      'a place within another one',
      ['a', '', '<!-- only in: deb, npm -->', 'b', '', ...BUILD, '', '<!-- end -->', 'c'],
      ['a', '', 'b', '', 'c'],
    ],
    ['one place behind another', ['a', '', ...BUILD, ...BUILD, '', 'b'], ['a', '', 'b']],
    ['lines between two others', ['a', '<!-- only in: npm -->', 'b', '<!-- end -->', 'c'], ['a', 'c']],
  ])('leaves out %s', (_what, lines, expected) => {
    writeFileSync(join(folder, 'README.md'), page(...lines))
    packagePages(folder, 'deb')
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).toBe(page(...expected))
  })

  it('keeps the blank lines of a block of code', () => {
    writeFileSync(join(folder, 'README.md'), page('a', '', ...BUILD, '', ...CODE, '', 'b'))
    packagePages(folder, 'deb')
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).toBe(page('a', '', ...CODE, '', 'b'))
  })
})

describe('the pages of the Debian package', () => {
  it('show blocks of code as in the sources, but none that makes or publishes a package', () => {
    cpSync('README.md', join(folder, 'README.md'))
    cpSync('docs', join(folder, 'docs'), { recursive: true, filter: (path) => path !== 'docs/adr' })
    packagePages(folder, 'deb')
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((one) =>
      one.endsWith('.md'),
    )) {
      const source = readFileSync(name, 'utf8')
      const packaged = readFileSync(join(folder, name), 'utf8')
      const shown = packaged.match(/^```\w*\n[\s\S]*?^```$/gm) ?? []
      // Links in a comment of a block lead elsewhere, as all links do.
      const unlinked = shown.filter((block) => !block.includes(']('))
      expect(unlinked.filter((block) => !source.includes(block))).toEqual([])
      expect(packaged).not.toMatch(/npm run package:|npm publish \.|<!-- (?:only in|end)/)
    }
  })
})
