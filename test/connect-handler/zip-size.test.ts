import { statSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { doorCompany } from '../../bench/support/door-company.ts'
import { buildInto } from './built-zip.ts'
import { createTaskFolder } from './task-folder.ts'

describe('the zip of 10,000 bans and 200 policies', () => {
  it('has one file, and less than 400 KB', async () => {
    using folder = createTaskFolder()
    const { zip, names } = await buildInto(folder.path, doorCompany())
    expect(names).toEqual(['index.mjs'])
    expect(statSync(zip).size).toBeLessThan(400_000)
  })
})
