import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { generatedFiles } from '../../scripts/generated-files.ts'

describe('what is made from the code', () => {
  it.each([...generatedFiles()].map(([path, text]) => [relative('.', path), text]))(
    'is fresh: %s (else npm run generate)',
    (path, text) => {
      expect(readFileSync(path, 'utf8')).toBe(text)
    },
  )
})
