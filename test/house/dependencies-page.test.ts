import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')

const manifest = JSON.parse(read('package.json')) as Readonly<
  Record<'dependencies' | 'devDependencies', Readonly<Record<string, string>>>
>

/** Package and version of each row of the tables under one heading. */
const rowsUnder = (heading: string) => {
  const section =
    read('docs/dependencies.md')
      .split(/^## /m)
      .find((text) => text.startsWith(`${heading}\n`)) ?? ''
  return Object.fromEntries(
    [...section.matchAll(/^\| `([^`]+)` \| ([^ |]+) \|/gm)].map(([, name, version]) => [name, version]),
  )
}

describe('docs/dependencies.md', () => {
  it.each([
    ['Runtime', 'dependencies'],
    ['Development', 'devDependencies'],
  ] as const)('explains exactly the %s packages of package.json', (heading, key) => {
    expect(rowsUnder(heading)).toEqual(manifest[key])
  })
})
