import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { PLANTS } from '../world/plants.ts'

const page = readFileSync('docs/reliability.md', 'utf8').replaceAll(/\s+/g, ' ')

it('docs/reliability.md counts the bugs that are planted, and those that every run of the tests looks for', () => {
  const always = PLANTS.filter((plant) => plant.always === true)
  const amongReplicas = PLANTS.filter((plant) => plant.replicas === true)
  const both = always.filter((plant) => plant.replicas === true)
  expect(page).toContain(`Therefore ${PLANTS.length} bugs are planted`)
  expect(page).toContain(`\`npm test\` looks for ${always.length} of them`)
  expect(page).toContain(`${amongReplicas.length} of the bugs are planted among replicas.`)
  expect(page).toContain(`\`npm test\` looks for ${both.length} of these`)
})
