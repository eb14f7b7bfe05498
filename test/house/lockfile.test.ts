import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly overrides: Readonly<Record<string, string>>
}

interface Lockfile {
  readonly packages: Readonly<
    Record<string, { readonly version?: string; readonly resolved?: string; readonly integrity?: string }>
  >
}

const manifest = JSON.parse(read('package.json')) as Manifest
const lockfile = JSON.parse(read('package-lock.json')) as Lockfile
const direct = { ...manifest.dependencies, ...manifest.devDependencies }

/** npm installs a package without a checksum unchecked, whatever a mirror sends. */
const SHA512 = /^sha512-[A-Za-z0-9+/]{86}==$/

const EXACT = /^\d+\.\d+\.\d+(-[\w.]+)?$/

describe('package.json', () => {
  it('names every package at one exact version', () => {
    const loose = Object.entries({ ...direct, ...manifest.overrides }).filter(([, version]) => !EXACT.test(version))
    expect(loose).toEqual([])
  })

  it('matches the lock file', () => {
    const locked = Object.keys(direct).map((name) => [name, lockfile.packages[`node_modules/${name}`]?.version])
    expect(Object.fromEntries(locked)).toEqual(direct)
    expect(lockfile.packages['']).toMatchObject({
      dependencies: manifest.dependencies,
      devDependencies: manifest.devDependencies,
    })
  })
})

describe('package-lock.json', () => {
  it('has no download addresses, so that any mirror works', () => {
    const addressed = Object.entries(lockfile.packages).filter(([, { resolved }]) => resolved !== undefined)
    expect(addressed).toEqual([])
  })

  it('has the checksum of every package, also of those for other platforms', () => {
    const { '': _product, ...packages } = lockfile.packages
    const unchecked = Object.entries(packages).filter(([, { integrity }]) => !SHA512.test(integrity ?? ''))
    expect(unchecked).toEqual([])
  })

  it('names no hosts except in the funding entries of packages', () => {
    const funding = JSON.parse(read('package-lock.json'), (key, value: unknown) =>
      key === 'funding' ? undefined : value,
    ) as unknown
    expect(JSON.stringify(funding)).not.toContain('://')
  })
})
