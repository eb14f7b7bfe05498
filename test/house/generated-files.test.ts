import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { generatedFiles } from '../../scripts/generated-files.ts'

describe('a generated file', () => {
  it.each([...generatedFiles()].map(([path, text]) => [relative('.', path), text]))(
    '%s is up to date (otherwise run npm run generate)',
    (path, text) => {
      expect(readFileSync(path, 'utf8')).toBe(text)
    },
  )
})
