import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readUsersFile } from '../../src/config/bind/users-file.ts'
import { memoryFiles } from './memory-files.ts'

const read = (text: string) => readUsersFile(memoryFiles({ 'banned.txt': text }), 'banned.txt')

describe('a file of users', () => {
  it('has the entries that its split lines have, each with its number', () => {
    const parts = ['\n', '\n\n', '\r\n', '#', ' ', '\t', '\u00a0', '\u2028', '\ufeff', 'alice', 'ö', '🦉']
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 12 }), (written) => {
        const text = `x${written.join('')}`
        const entries = text
          .split(/\r?\n/)
          .map((line, index) => ({ text: line, line: index + 1 }))
          .filter((entry) => !['', '#'].includes(entry.text.trimStart().slice(0, 1)))
        expect(read(text)).toEqual({ entries })
      }),
    )
  })

  it('has no entry if it is empty, and the same ones with and without a line feed at its end', () => {
    expect(read('')).toEqual({ entries: [] })
    expect(read('\n#\n\n')).toEqual({ entries: [] })
    expect(read('alice\r\nbob\r\n')).toEqual(read('alice\nbob'))
  })
})
