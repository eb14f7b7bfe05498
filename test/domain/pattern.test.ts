import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fold } from '../../src/domain/names/fold.ts'
import { hits, matchesGlob, parsePattern } from '../../src/domain/names/pattern.ts'

/** A second implementation that tries every split: exponential, but obviously correct. */
const naive = (glob: readonly string[], name: readonly string[]): boolean => {
  const [expected, ...rest] = glob
  if (expected === undefined) return name.length === 0
  if (expected === '*') return naive(rest, name) || (name.length > 0 && naive(glob, name.slice(1)))
  if (name.length === 0) return false
  return (expected === '?' || expected === name[0]) && naive(rest, name.slice(1))
}

const read = (source: string) => {
  const parsed = parsePattern(source)
  if ('problem' in parsed) throw new Error(parsed.problem)
  return parsed.pattern
}

describe('a pattern', () => {
  it('matches the same names as an implementation that tries every split', () => {
    const letters = fc.array(fc.constantFrom('a', 'b', '*', '?', '.', '😀', '/'), { maxLength: 8 })
    const names = fc.array(fc.constantFrom('a', 'b', '.', '😀', '/'), { maxLength: 8 })
    fc.assert(
      fc.property(letters, names, (glob, name) => {
        expect(matchesGlob(glob.join(''), name.join(''))).toBe(naive(glob, name))
      }),
      { numRuns: 3000 },
    )
  })

  it('needs time in proportion to the product of both lengths, however many stars it has', () => {
    expect(matchesGlob(`${'*a'.repeat(200)}b`, 'a'.repeat(5000))).toBe(false)
  })

  it.each([
    ['Alice', 'alice'],
    ['CORP\\tom', 'corp\\TOM'],
    ['JOSÉ', 'jose\u0301'],
    ['a.b+c$', 'A.B+C$'],
    ['*@vendor.example', 'Eve@Vendor.Example'],
    ['[ab]', '[AB]'],
    ['straße', 'STRASSE'],
    ['ΟΔΟΣ*', 'οδοσα'],
    ['stra??e', 'straße'],
  ])('%s matches %s', (pattern, name) => {
    expect(hits(read(pattern), fold(name))).toBe(true)
  })

  it.each([
    ['alice', 'alice2'],
    ['a?c', 'ac'],
    ['[ab]', 'a'],
    ['a.c', 'abc'],
    ['stra?e', 'straße'],
    ['admin', 'admın'],
  ])('%s does not match %s', (pattern, name) => {
    expect(hits(read(pattern), fold(name))).toBe(false)
  })

  it('folds an accented letter to the same text in either encoding, and ignores the locale', () => {
    expect(fold('I')).toBe('i')
    expect(fold('E\u0301')).toBe(fold('é'))
  })

  it.each([
    ['user:alice', 'username', 'alice'],
    ['cn:Laptop-1', 'commonName', 'laptop-1'],
    ['alice', 'either', 'alice'],
    ['user:group:eng', 'username', 'group:eng'],
    ['User:alice', 'username', 'alice'],
    ['USER:alice', 'username', 'alice'],
    ['CN:Laptop-1', 'commonName', 'laptop-1'],
    ['Cn:laptop-*', 'commonName', 'laptop-*'],
    ['user:User:alice', 'username', 'user:alice'],
    ['users:alice', 'either', 'users:alice'],
  ])('%s is compared with the field %s', (source, field, text) => {
    expect(read(source)).toMatchObject({ field, text })
  })

  it.each(['', 'user:', ' alice', 'alice ', 'CORP\tom', 'a\u0000b'])('refuses %j', (source) => {
    expect(parsePattern(source)).toHaveProperty('problem')
  })

  it('may be as long as the longest name at AWS, its prefix not counted', () => {
    for (const prefix of ['', 'user:', 'cn:']) {
      expect(read(prefix + 'a'.repeat(1024)).text).toHaveLength(1024)
      expect(parsePattern(prefix + 'a'.repeat(1025))).toHaveProperty('problem')
    }
  })

  it('is exact without a wildcard, so that a look-up finds it', () => {
    expect(['alice', 'a*', 'al?ce', '[a]', 'cn:x'].map((source) => read(source).exact)).toEqual([
      true,
      false,
      false,
      true,
      true,
    ])
    expect(read('cn:A*')).toEqual({ source: 'cn:A*', field: 'commonName', text: 'a*', exact: false })
  })

  it.each(['cn:', 'cn: alice', 'user:alice ', 'a\u007fb', 'a\u009fb', 'a\u001fb'])('refuses %j as well', (source) => {
    expect(parsePattern(source)).toHaveProperty('problem')
  })

  it('may contain a space, and the characters next to the control characters', () => {
    expect(['a b', 'a\u00a0b', 'a~b'].map((source) => 'pattern' in parsePattern(source))).toEqual([true, true, true])
  })
})
