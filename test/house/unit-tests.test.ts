import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const [, floors = ''] = /unitFloors = \[(.*?)\]/.exec(readFileSync('vitest.config.ts', 'utf8')) ?? []

it.each(floors.split(', ').map((floor) => floor.slice(1, -1)))('the unit tests of %s start no program', (floor) => {
  const files = readdirSync(`test/${floor}`, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  )
  expect(files).not.toEqual([])
  const imports = /from 'node:(?:child_process|cluster|net|http)'/
  expect(files.filter((file) => imports.test(readFileSync(`test/${floor}/${file}`, 'utf8')))).toEqual([])
})
